import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Ended, Machine, noMachine } from './machine/machine.ts'
import { PasswordAgent } from './machine/passwordAgent.ts'
import { Program } from './machine/program.ts'

const node = '/usr/lib/holdfast/node_modules/.bin/node'
const here = '/usr/lib/holdfast/test/privileges/machine'
const password = 'correct horse'
const stateDir = '/var/lib/holdfast'

const unknownSource = 'f'.repeat(16)
const settings = (source: string) => ({
  settings: { name: 'x', sources: [{ source, name: 'x' }], destinations: ['0'.repeat(16)], schedule: null },
})
/** Needs the right to configure, and changes nothing. */
const configure = (program: Program) => program.call('sources.offerFile', { path: '/etc/hostname' })
const configured = { value: { source: expect.stringMatching(/^[0-9a-f]{16}$/) } }
const refusal = (reason: string) => ({ error: { code: 'access.denied', details: { reason } } })

describe.skipIf(noMachine !== undefined)('who may do what', () => {
  let machine: Machine
  let alice: Program
  const others: { end(): Promise<void> }[] = []

  beforeAll(async () => {
    machine = await Machine.start()
  })
  afterAll(() => machine?.stop())
  beforeEach(async () => {
    alice = await Program.start(machine, 'alice')
    return async () => {
      for (const other of others.splice(0)) await other.end()
      await alice.end()
    }
  })

  const start = async (user: string, place: 'seat' | 'nowhere', script?: readonly string[]) => {
    const program = await Program.start(machine, user, place, script)
    others.push(program)
    return program
  }
  const startAgent = async (program: Program, typed = password) => {
    const agent = await PasswordAgent.start(machine, 'alice', program.pid, typed)
    others.push(agent)
    return agent
  }
  const numberOf = async (user: string) => Number(await machine.must('id', '-u', user))
  const lastDenial = async () => JSON.parse(await machine.must('tail', '-n', '1', `${stateDir}/denials.log`))

  it('lets the person at the computer see the state, without a password', async () => {
    expect(await alice.must('status.get', {})).toMatchObject({ mode: 'system', secretsLocked: false })
    expect(await alice.call('jobs.list', {})).toEqual({ value: { jobs: [] } })
    expect(await alice.call('runs.list', {})).toEqual({ value: { runs: [] } })
    // Allowed; there is no such job.
    expect(await alice.call('jobs.run', { job: 'daily' })).toMatchObject({ error: { code: 'config.notFound' } })
  })

  it('refuses whatever changes the settings without authorisation, and says how to get it', async () => {
    const secret = 'correct battery staple'
    const replies = [
      await alice.call('destinations.add', { name: 'x', url: '/mnt/x', passphrase: secret }),
      await alice.call('jobs.create', settings(unknownSource)),
      await alice.call('jobs.edit', { job: 'x', changes: { name: 'y' } }),
      await alice.call('jobs.remove', { job: 'x' }),
      await alice.call('jobs.import', { text: '{}' }),
      await configure(alice),
    ]
    for (const reply of replies) {
      expect(reply).toMatchObject(refusal('noAgent'))
      expect(reply.error?.advice).toMatch(/lxpolkit.*pkttyagent/)
    }
    expect((await machine.run(['grep', '-r', secret, stateDir, '/var/log', '/run/holdfast'])).exitCode).toBe(1)
  })

  it('lets an administrator’s password through and remembers it for this program alone', async () => {
    const agent = await startAgent(alice)
    expect(await configure(alice)).toEqual(configured)
    expect(agent.shown).toContain('Authentication is required to change backup jobs')
    expect(await configure(alice)).toEqual(configured)
    expect(agent.prompts).toBe(1)
    const second = await start('alice', 'seat')
    expect(await configure(second)).toMatchObject(refusal('noAgent'))
  })

  it('refuses after a wrong password', async () => {
    const agent = await startAgent(alice, 'wrong')
    expect(await configure(alice)).toMatchObject(refusal('policy'))
    expect(agent.prompts).toBeGreaterThan(0)
  })

  it('lets through whom a rule of the administrator lets through', async () => {
    await machine.write(
      '/etc/polkit-1/rules.d/50-test.rules',
      `polkit.addRule(function(action, subject) {
        if (action.id == 'org.holdfast.configure' && subject.user == 'alice') return polkit.Result.YES
      })`,
    )
    // polkit sees new rules by itself.
    await expect.poll(() => configure(alice), { timeout: 20_000 }).toEqual(configured)
    const bob = await start('bob', 'nowhere')
    expect(await configure(bob)).toMatchObject(refusal('noAgent'))
    await machine.must('rm', '/etc/polkit-1/rules.d/50-test.rules')
    await expect.poll(() => configure(alice), { timeout: 20_000 }).toMatchObject(refusal('noAgent'))
  })

  it('takes the question away when the program that asked ends', async () => {
    const impatient = await Program.start(machine, 'alice')
    const agent = await PasswordAgent.start(machine, 'alice', impatient.pid)
    others.push(agent)
    const asked = configure(impatient).catch(() => 'gone')
    await expect.poll(() => agent.prompts).toBe(1)
    await expect.poll(async () => (await machine.run(['pgrep', 'pkcheck'])).exitCode).toBe(0)
    // Its session ends with it.
    await machine.must('kill', '-KILL', impatient.pid)
    expect(await asked).toBe('gone')
    await expect.poll(async () => (await machine.run(['pgrep', 'pkcheck'])).exitCode).toBe(1)
    expect(await lastDenial()).toMatchObject({ pid: Number(impatient.pid), result: 'cancelled' })
  })

  it('gives nothing to somebody who is not at the computer', async () => {
    const bob = await start('bob', 'nowhere')
    expect(await bob.call('jobs.list', {})).toMatchObject(refusal('noAgent'))
    expect(await bob.call('jobs.run', { job: 'daily' })).toMatchObject(refusal('noAgent'))
    expect(await configure(bob)).toMatchObject(refusal('noAgent'))
  })

  it('judges another user’s program by itself, whatever it says it is', async () => {
    await startAgent(alice)
    expect(await configure(alice)).toEqual(configured)
    const bob = await start('bob', 'nowhere')
    expect(await configure(bob)).toMatchObject(refusal('noAgent'))
    const [uid, pid] = [await numberOf('bob'), Number(bob.pid)]
    expect(await lastDenial()).toMatchObject({ uid, pid, action: 'configure', result: 'denied' })
    const posing = { path: '/etc/hostname', pid: Number(alice.pid), uid: await numberOf('alice') }
    expect(await bob.call('sources.offerFile', posing)).toMatchObject({ error: { code: 'usage.invalid' } })
  })

  it('refuses a connection whose maker has ended, even when its process number belongs to root again', async () => {
    const heir = await start('root', 'nowhere', ['client.ts', 'inherited'])
    // As with any descriptor that root hands on: it stands for root.
    expect(await heir.call('jobs.list', {})).toEqual({ value: { jobs: [] } })
    await machine.must('kill', '-KILL', heir.pid)
    await expect.poll(async () => (await machine.run(['test', '-e', `/proc/${heir.pid}`])).exitCode).toBe(1)
    expect(await heir.call('jobs.list', {})).toMatchObject(refusal('peerChanged'))

    // The kernel gives out the number after this one next, unless another program is faster.
    const again = `while :; do
      echo $((${heir.pid} - 1)) >/proc/sys/kernel/ns_last_pid
      sleep 50 >/dev/null 2>&1 &
      [ $! = ${heir.pid} ] && break
      kill $!
    done`
    await machine.must('sh', '-c', again)
    expect(await machine.must('cat', `/proc/${heir.pid}/comm`)).toBe('sleep')
    const { error } = await heir.call('jobs.list', {})
    expect(error).toMatchObject(refusal('peerChanged').error)
    expect(error?.message).toContain('another program has the process number')
    await machine.must('kill', heir.pid)
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

  it('knows no source but those that it offers, not even for root', async () => {
    const root = await start('root', 'nowhere')
    for (const source of ['/dev/sda', '../sda', 'sda', '__proto__']) {
      expect(await root.call('jobs.create', settings(source)), source).toMatchObject({
        error: { code: 'usage.invalid' },
      })
    }
    expect(await root.call('jobs.create', settings(unknownSource))).toMatchObject({
      error: { code: 'source.notFound' },
    })
    await machine.must('ln', '-s', '/dev/zero', '/home/alice/image')
    for (const path of ['/dev/zero', '/home/alice/image', '/dev']) {
      expect(await root.call('sources.offerFile', { path }), path).toMatchObject({
        error: { code: 'source.unsupported' },
      })
    }
    expect(await root.call('jobs.list', {})).toEqual({ value: { jobs: [] } })
  })

  it('writes every denial where only root reads it', async () => {
    await configure(alice)
    expect(await lastDenial()).toMatchObject({
      uid: await numberOf('alice'),
      pid: Number(alice.pid),
      session: expect.stringMatching(/^session-/),
      action: 'configure',
      result: 'denied',
      reason: 'noAgent',
    })
    expect(await machine.must('stat', '-c', '%a %U', `${stateDir}/denials.log`)).toBe('600 root')
    expect((await machine.run(['ls', stateDir], { user: 'alice' })).exitCode).not.toBe(0)
    expect(await machine.must('journalctl', '--no-pager', '-u', 'holdfast')).toContain('"reason":"noAgent"')
  })

  it('answers everybody through the command line, too', async () => {
    const command = ['holdfast', 'job', 'list', '--json']
    expect(JSON.parse(await machine.must(...command))).toMatchObject({ jobs: [] })
    const { exitCode, stdout } = await machine.run(command, { user: 'bob' })
    expect(exitCode).not.toBe(0)
    expect(stdout).toContain('pkttyagent')
  })
})
