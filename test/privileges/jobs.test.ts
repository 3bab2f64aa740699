import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Run } from '../../engine/contract/jobs.ts'
import { noLoopDevices } from '../support/loopDevice.ts'
import { Disks } from './machine/disks.ts'
import { Machine, noMachine } from './machine/machine.ts'
import { PasswordAgent } from './machine/passwordAgent.ts'
import { Program } from './machine/program.ts'

const passphrase = 'a long passphrase'
const drive = '/media/alice/drive'
const repository = `${drive}/repository`
const sizeMiB = 24

describe.skipIf(noMachine !== undefined || noLoopDevices !== undefined)('a job of the service', () => {
  const disks = new Disks()
  let machine: Machine
  let alice: Program
  let source: string
  let target: string

  beforeAll(async () => {
    machine = await Machine.start()
    source = await disks.add(machine, sizeMiB)
    target = await disks.add(machine, sizeMiB)
    const device = await disks.add(machine, 160, 'formatted')
    await machine.must('mkdir', '-p', drive)
    await machine.must('mount', device, drive)
    await holdfast('init', '--quiet')
    alice = await Program.start(machine, 'alice')
  })
  afterAll(async () => {
    await alice?.end()
    await machine?.run(['systemctl', 'stop', 'holdfast.service'])
    await machine?.run(['umount', drive])
    await machine?.stop()
    disks.remove()
  })

  /** The command line of root, outside of the service and with a state of its own. */
  const holdfast = (...args: string[]) =>
    machine.must(
      'env',
      ...[`HOLDFAST_PASSPHRASE=${passphrase}`, `HOLDFAST_REPO=${repository}`, 'HOLDFAST_STATE_DIR=/root/holdfast'],
      ...['holdfast', ...args],
    )
  const fill = () => machine.must('dd', 'if=/dev/urandom', `of=${source}`, 'bs=1M', `count=${sizeMiB}`, 'conv=fsync')
  const newest = async (program: Program): Promise<Run | undefined> =>
    (await program.must('runs.list', { limit: 1 })).runs[0]
  const ended = async (program: Program, after?: string): Promise<Run> => {
    for (;;) {
      const run = await newest(program)
      if (run && run.id !== after && run.state !== 'running') return run
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }
  const restored = async () => {
    await holdfast('restore', 'latest', target, '--force', '--quiet')
    return machine.must('cmp', source, target)
  }
  const lines = async (...command: string[]) => (await machine.must(...command)).split('\n').sort()

  it('is set up by alice with an administrator’s password, for a raw disk that the service offers', async () => {
    const agent = await PasswordAgent.start(machine, 'alice', alice.pid, 'correct horse')
    const { destination } = await alice.must('destinations.add', { name: 'drive', url: repository, passphrase })
    const offered = async () => (await alice.must('sources.list', {})).devices.find(({ path }) => path === source)
    await expect.poll(offered, { timeout: 20_000 }).toMatchObject({ sizeBytes: sizeMiB * 1024 * 1024 })
    const { job } = await alice.must('jobs.create', {
      settings: {
        name: 'daily',
        sources: [{ source: (await offered())!.id, name: 'disk' }],
        destinations: [destination.id],
        schedule: null,
      },
    })
    expect(job.sources).toMatchObject([{ path: source, name: 'disk' }])
    expect(agent.prompts).toBe(1)
    await agent.end()
  })

  it('is run by alice without a password, inside the unit, and can be restored', async () => {
    await fill()
    const second = await Program.start(machine, 'alice')
    expect(await second.call('jobs.remove', { job: 'daily' })).toMatchObject({ error: { code: 'access.denied' } })
    await second.must('jobs.run', { job: 'daily' })
    expect(await ended(second)).toMatchObject({ state: 'complete', error: null, parts: [{ state: 'complete' }] })
    expect((await second.must('jobs.list', {})).jobs).toMatchObject([{ job: { name: 'daily' } }])
    await second.end()
    await restored()
  })

  it('keeps its passphrase where only root reads it, sealed', async () => {
    const root = await Program.start(machine, 'root', 'nowhere')
    const [view] = (await root.must('destinations.list', {})).destinations
    expect(view).toMatchObject({ protection: 'systemd-creds' })
    await root.end()
    const modes = await lines('find', '/var/lib/holdfast/secrets', '-printf', '%y %m %U\n')
    expect(modes.length).toBeGreaterThan(1)
    for (const mode of modes) expect(['d 700 0', 'f 600 0']).toContain(mode)
    expect((await machine.run(['cat', '/var/lib/holdfast/secrets'], { user: 'alice' })).stderr).toContain('denied')
    for (const place of ['/var/lib/holdfast', '/run/holdfast', '/var/log', '/run/log']) {
      expect((await machine.run(['grep', '-rqs', passphrase, place])).exitCode, place).not.toBe(0)
    }
    const journal = await machine.must('journalctl', '--no-pager', '-o', 'export')
    expect(journal).not.toContain(passphrase)
  })

  it('is told as interrupted when the service is killed, leaves nothing behind, and goes on', async () => {
    const name = source.slice('/dev/'.length)
    const traces = async () => ({
      outside: await lines('awk', '{ print $5 }', '/proc/self/mountinfo'),
      inside: (await machine.inService("awk '{ print $5 }' /proc/self/mountinfo")).stdout.split('\n').sort(),
      // A snapshot or mapping of the disk would hold it.
      holders: await lines('ls', `/sys/block/${name}/holders`),
      loops: (await machine.run(['sh', '-c', `grep -l ${drive} /sys/block/loop*/loop/backing_file`])).stdout,
    })
    const locks = () => lines('ls', `${repository}/locks`)
    const root = await Program.start(machine, 'root', 'nowhere')
    const before = await traces()
    expect(await locks()).toEqual([''])
    const last = await newest(root)
    await root.must('jobs.edit', { job: 'daily', changes: { limits: { read: 2 * 1024 * 1024, write: null } } })
    await fill()
    await root.must('jobs.run', { job: 'daily' })
    await expect.poll(() => newest(root), { timeout: 20_000 }).toMatchObject({ state: 'running', phase: 'reading' })
    const run = await newest(root)
    expect(run?.id).not.toBe(last?.id)
    expect(await locks()).not.toEqual([''])
    const killed = await machine.servicePid()
    const group = '/sys/fs/cgroup/system.slice/holdfast.service/cgroup.procs'
    const processes = await lines('cat', group)
    expect(processes).toContain(killed)
    await machine.must('kill', '-KILL', killed)

    await expect.poll(() => machine.servicePid(), { timeout: 30_000 }).not.toMatch(`^(0|${killed})$`)
    await machine.untilServiceListens()
    await root.end()
    const again = await Program.start(machine, 'root', 'nowhere')
    await expect.poll(() => again.call('status.get', {}), { timeout: 20_000 }).toHaveProperty('value')
    const { run: told } = await again.must('runs.get', { run: run!.id })
    expect(told).toMatchObject({ state: 'interrupted', error: { code: 'run.interrupted' } })
    expect((await lines('cat', group)).filter(pid => processes.includes(pid))).toEqual([])

    await again.must('jobs.edit', { job: 'daily', changes: { limits: { read: null, write: null } } })
    await again.must('jobs.run', { job: 'daily' })
    expect(await ended(again, run!.id)).toMatchObject({ state: 'complete', error: null })
    expect(await traces()).toEqual(before)
    await again.end()
    await restored()
    // The lock of a process that is dead holds up nobody, and is swept by whoever makes space next.
    await holdfast('prune', '--quiet')
    expect(await locks()).toEqual([''])
  })
})
