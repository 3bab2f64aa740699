import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { noLoopDevices } from '../support/loopDevice.ts'
import { Disks } from './machine/disks.ts'
import { Machine, noMachine } from './machine/machine.ts'
import { PasswordAgent } from './machine/passwordAgent.ts'
import { Program } from './machine/program.ts'

const password = 'correct horse'

const inventory = {
  disks: {
    usb: { path: '/dev/nowhere', model: 'Samsung T7', serial: 'S5T7-4F2A', removable: true },
    internal: { path: '/dev/nowhere', model: 'WD Black', serial: 'WDB-1', removable: false },
  },
  versions: { 'v-1': { device: '/dev/nowhere', type: 'ext4', options: 'noload' } },
}

const mount = (interactive = false) => ({ call: 'mount', version: 'v-1', interactive })
const erase = (interactive = false, device = 'usb') => ({ call: 'erase', device, version: 'v-1', interactive })

describe.skipIf(noMachine !== undefined)('who may look into versions and erase disks', () => {
  let machine: Machine
  let alice: Program
  const others: { end(): Promise<void> }[] = []

  beforeAll(async () => {
    machine = await Machine.start('stand-in')
    await machine.write('/var/lib/holdfast/inventory.json', JSON.stringify(inventory))
  })
  afterAll(() => machine?.stop())
  beforeEach(async () => {
    alice = await Program.start(machine, 'alice', 'seat', ['standInClient.ts'])
    return async () => {
      for (const other of others.splice(0)) await other.end()
      await alice.end()
    }
  })

  const start = async (user: string, place: 'seat' | 'nowhere') => {
    const program = await Program.start(machine, user, place, ['standInClient.ts'])
    others.push(program)
    return program
  }
  const startAgent = async (program: Program, typed = password) => {
    const agent = await PasswordAgent.start(machine, 'alice', program.pid, typed)
    others.push(agent)
    return agent
  }
  const refusal = (reason: string) => ({ error: { code: 'access.denied', details: { reason } } })

  it.each([
    ['mounting a version', mount],
    ['erasing an external disk', erase],
    ['erasing a built-in disk', (interactive: boolean) => erase(interactive, 'internal')],
  ])('refuses %s without authorisation, and says how to get it', async (_, request) => {
    expect(await alice.ask(request(false))).toMatchObject(refusal('needsPassword'))
    const { error } = await alice.ask(request(true))
    expect(error).toMatchObject(refusal('noAgent').error)
    expect(error?.advice).toMatch(/lxpolkit.*pkttyagent/)
  })

  it('names disk and version when it asks for the right to erase, and asks each time', async () => {
    const agent = await startAgent(alice)
    for (const prompts of [1, 2]) {
      // Allowed; the disk itself is not there.
      expect(await alice.ask(erase(true))).toMatchObject({ error: { message: expect.stringContaining('ENOENT') } })
      expect(agent.prompts).toBe(prompts)
    }
    expect(agent.shown).toContain(
      'erase the external disk Samsung T7, serial number S5T7-4F2A, and restore version v-1 onto it',
    )
  })

  it('refuses after a wrong password', async () => {
    const agent = await startAgent(alice, 'wrong')
    expect(await alice.ask(erase(true))).toMatchObject({ error: { code: 'access.denied' } })
    expect(agent.prompts).toBeGreaterThan(0)
  })

  it('gives nothing to somebody who is not at the computer', async () => {
    const bob = await start('bob', 'nowhere')
    expect(await bob.ask(mount())).toMatchObject(refusal('needsPassword'))
    expect(await bob.ask(erase(true))).toMatchObject(refusal('policy'))
  })

  it('knows no device but those that it offers', async () => {
    for (const device of ['/dev/sda', '../sda', 'sda', '__proto__']) {
      expect(await alice.ask(erase(true, device)), device).toMatchObject({ error: { code: 'usage.invalid' } })
    }
  })

  it('passes disk and serial number on to the rules of administrators', async () => {
    await machine.write(
      '/etc/polkit-1/rules.d/50-test.rules',
      `polkit.addRule(function(action, subject) {
        if (action.id == 'org.holdfast.erase-removable' && subject.user == 'alice' &&
            action.lookup('serial') == 'S5T7-4F2A' && action.lookup('version') == 'v-1') return polkit.Result.YES
      })`,
    )
    // polkit sees new rules by itself.
    await expect.poll(async () => (await alice.ask(erase())).error?.message, { timeout: 20_000 }).toContain('ENOENT')
    expect(await alice.ask(erase(false, 'internal'))).toMatchObject(refusal('needsPassword'))
    await machine.must('rm', '/etc/polkit-1/rules.d/50-test.rules')
    await expect.poll(async () => (await alice.ask(erase())).error?.code, { timeout: 20_000 }).toBe('access.denied')
  })

  it('lets root do everything', async () => {
    const root = await start('root', 'nowhere')
    expect(await root.ask(erase(false, 'internal'))).toMatchObject({
      error: { message: expect.stringContaining('ENOENT') },
    })
  })

  it('writes every denial to erase with the disk’s serial number and the version', async () => {
    await alice.ask(erase())
    const uid = Number(await machine.must('id', '-u', 'alice'))
    const lines = (await machine.must('cat', '/var/log/holdfast/denials.jsonl')).split('\n')
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({
      uid,
      pid: Number(alice.pid),
      session: expect.stringMatching(/^session-/),
      action: 'erase-removable',
      deviceSerial: 'S5T7-4F2A',
      version: 'v-1',
      result: 'denied',
      reason: 'needsPassword',
    })
  })
})

describe.skipIf(noMachine !== undefined || noLoopDevices !== undefined)('erasing a real disk', () => {
  const disks = new Disks()
  let machine: Machine
  beforeAll(async () => {
    machine = await Machine.start('stand-in')
  })
  afterAll(async () => {
    await machine?.stop()
    disks.remove()
  })

  it('needs the password; then the raw disk is written and the trail says who did it', async () => {
    const path = await disks.add(machine, 1)
    await machine.must('sh', '-c', `printf precious | dd of=${path} conv=fsync status=none`)
    const usb = { ...inventory.disks.usb, path }
    await machine.write('/var/lib/holdfast/inventory.json', JSON.stringify({ ...inventory, disks: { usb } }))
    const start = () => machine.must('sh', '-c', `head -c 8 ${path} | tr '\\0' 0`)

    const alice = await Program.start(machine, 'alice', 'seat', ['standInClient.ts'])
    expect(await alice.ask(erase(true))).toMatchObject({ error: { code: 'access.denied' } })
    expect(await start()).toBe('precious')
    const agent = await PasswordAgent.start(machine, 'alice', alice.pid, password)
    expect(await alice.ask(erase(true))).toEqual({ value: {} })
    expect(await start()).toBe('00000000')
    const trail = await machine.must('cat', '/var/log/holdfast/erases.jsonl')
    const lines = trail.split('\n').map(line => JSON.parse(line))
    expect(lines.map(line => line.result)).toEqual(['allowed', 'done'])
    expect(lines[1]).toMatchObject({ deviceSerial: 'S5T7-4F2A', version: 'v-1', action: 'erase-removable' })
    await agent.end()
    await alice.end()
  })
})
