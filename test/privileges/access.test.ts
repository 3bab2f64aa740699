import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { noLoopDevices } from '../support/loopDevice.ts'
import { Disks } from './machine/disks.ts'
import { type Ended, Machine, noMachine } from './machine/machine.ts'
import { PasswordAgent } from './machine/passwordAgent.ts'
import { Program } from './machine/program.ts'

const node = '/usr/lib/holdfast/node_modules/.bin/node'
const here = '/usr/lib/holdfast/test/privileges/machine'
const password = 'correct horse'

const inventory = {
  jobs: ['daily'],
  disks: {
    usb: { path: '/dev/nowhere', model: 'Samsung T7', serial: 'S5T7-4F2A', removable: true },
    internal: { path: '/dev/nowhere', model: 'WD Black', serial: 'WDB-1', removable: false },
  },
  versions: { 'v-1': { device: '/dev/nowhere', type: 'ext4', options: 'noload' } },
}

const state = (interactive = false) => ({ call: 'state', interactive })
const job = (interactive = false) => ({ call: 'run', job: 'daily', interactive })
const configure = (interactive = false) => ({ call: 'configure', interactive })
const mount = (interactive = false) => ({ call: 'mount', version: 'v-1', interactive })
const erase = (interactive = false, device = 'usb') => ({ call: 'erase', device, version: 'v-1', interactive })

describe.skipIf(noMachine !== undefined)('who may do what', () => {
  let machine: Machine
  let alice: Program
  const others: { end(): Promise<void> }[] = []

  beforeAll(async () => {
    machine = await Machine.start()
    await machine.write('/var/lib/holdfast/inventory.json', JSON.stringify(inventory))
  })
  afterAll(() => machine?.stop())
  beforeEach(async () => {
    alice = await Program.start(machine, 'alice')
    return async () => {
      for (const other of others.splice(0)) await other.end()
      await alice.end()
    }
  })

  const start = async (user: string, place: 'seat' | 'nowhere') => {
    const program = await Program.start(machine, user, place)
    others.push(program)
    return program
  }
  const startAgent = async (program: Program, typed = password) => {
    const agent = await PasswordAgent.start(machine, 'alice', program.pid, typed)
    others.push(agent)
    return agent
  }
  const refusal = (reason: string) => ({ error: { code: 'access.denied', details: { reason } } })
  const denials = async () =>
    (await machine.must('cat', '/var/log/holdfast/denials.jsonl')).split('\n').map(line => JSON.parse(line))
  const numberOf = async (user: string) => Number(await machine.must('id', '-u', user))

  it('lets the person at the computer see the state and run a job, without a password', async () => {
    expect(await alice.ask(state())).toEqual({ value: { jobs: ['daily'], uid: await numberOf('alice') } })
    expect(await alice.ask(job())).toEqual({ value: { started: 'daily' } })
  })

  it.each([
    ['changing jobs', configure],
    ['mounting a version', mount],
    ['erasing an external disk', erase],
    ['erasing a built-in disk', (interactive: boolean) => erase(interactive, 'internal')],
  ])('refuses %s without authorisation, and says how to get it', async (_, request) => {
    expect(await alice.ask(request(false))).toMatchObject(refusal('needsPassword'))
    const { error } = await alice.ask(request(true))
    expect(error).toMatchObject(refusal('noAgent').error)
    expect(error?.advice).toMatch(/lxpolkit.*pkttyagent/)
  })

  it('lets an administrator’s password through and remembers it for this program alone', async () => {
    const agent = await startAgent(alice)
    expect(await alice.ask(configure(true))).toEqual({ value: {} })
    expect(agent.shown).toContain('Authentication is required to change backup jobs')
    expect(await alice.ask(configure())).toEqual({ value: {} })
    expect(agent.prompts).toBe(1)
    const second = await start('alice', 'seat')
    expect(await second.ask(configure())).toMatchObject(refusal('needsPassword'))
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

  it('takes the question away when the program that asked ends', async () => {
    const impatient = await Program.start(machine, 'alice')
    const agent = await PasswordAgent.start(machine, 'alice', impatient.pid)
    others.push(agent)
    const asked = impatient.ask(configure(true)).catch(() => 'gone')
    await expect.poll(() => agent.prompts).toBe(1)
    await expect.poll(async () => (await machine.run(['pgrep', 'pkcheck'])).exitCode).toBe(0)
    await impatient.end()
    expect(await asked).toBe('gone')
    await expect.poll(async () => (await machine.run(['pgrep', 'pkcheck'])).exitCode).toBe(1)
  })

  it('gives nothing to somebody who is not at the computer', async () => {
    const bob = await start('bob', 'nowhere')
    expect(await bob.ask(state())).toMatchObject(refusal('needsPassword'))
    expect(await bob.ask(job())).toMatchObject(refusal('needsPassword'))
    expect(await bob.ask(erase(true))).toMatchObject(refusal('policy'))
  })

  it('judges another user’s program by itself, whatever it says it is', async () => {
    await startAgent(alice)
    expect(await alice.ask(configure(true))).toEqual({ value: {} })
    const bob = await start('bob', 'nowhere')
    expect(await bob.ask(configure())).toMatchObject(refusal('needsPassword'))
    const posing = { ...configure(), pid: Number(alice.pid), uid: await numberOf('alice') }
    expect(await bob.ask(posing)).toMatchObject({ error: { code: 'usage.invalid' } })
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
    expect(await root.ask(configure())).toEqual({ value: {} })
    expect(await root.ask(erase(false, 'internal'))).toMatchObject({
      error: { message: expect.stringContaining('ENOENT') },
    })
  })

  it('refuses a process number that has been given out anew, and a user who is not the process’s', async () => {
    const stat = await machine.must('cat', `/proc/${alice.pid}/stat`)
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
    const [aliceId, bobId] = [await numberOf('alice'), await numberOf('bob')]
    const ours = (ticks: string, uid: number) =>
      machine.must(node, `${here}/authorise.ts`, alice.pid, ticks, String(uid))
    expect(await ours(started, aliceId)).toBe('allowed')
    expect(await ours(String(Number(started) - 1), aliceId)).toBe('access.denied peerChanged')
    expect(await ours(started, bobId)).toBe('access.denied peerChanged')

    // polkit looks at the start time once more, for what changes between our look and its.
    const polkits = (ticks: string): Promise<Ended> =>
      machine.run(['pkcheck', '--action-id', 'org.holdfast.read', '--process', `${alice.pid},${ticks},${aliceId}`])
    expect(await polkits(started)).toMatchObject({ exitCode: 0 })
    expect((await polkits(String(Number(started) - 1))).exitCode).not.toBe(0)
  })

  it('writes every denial where only root reads it', async () => {
    await alice.ask(erase())
    const uid = await numberOf('alice')
    expect((await denials()).at(-1)).toMatchObject({
      uid,
      pid: Number(alice.pid),
      session: expect.stringMatching(/^session-/),
      action: 'erase-removable',
      deviceSerial: 'S5T7-4F2A',
      version: 'v-1',
      result: 'denied',
      reason: 'needsPassword',
    })
    expect(await machine.must('stat', '-c', '%a %U', '/var/log/holdfast/denials.jsonl')).toBe('600 root')
    expect((await machine.run(['ls', '/var/log/holdfast'], { user: 'alice' })).exitCode).not.toBe(0)
  })
})

describe.skipIf(noMachine !== undefined || noLoopDevices !== undefined)('erasing a real disk', () => {
  const disks = new Disks()
  let machine: Machine
  beforeAll(async () => {
    machine = await Machine.start()
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

    const alice = await Program.start(machine, 'alice')
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
