import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { linux } from '../../../engine/base/linux.ts'
import { randomBytes } from '../../../engine/base/random.ts'
import { createEngine } from '../../../engine/engine.ts'
import '../../support/cheapPassphrases.ts'
import { DaemonProcess, endedRun, type HelperClient } from '../../support/daemon.ts'
import { holdfast } from '../../support/holdfast.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const passphrase = 'open sesame'
let daemon: DaemonProcess
let client: HelperClient

beforeEach(async () => {
  daemon = new DaemonProcess(folder.path)
  await daemon.start()
  client = await daemon.connect()
})
afterEach(async () => {
  client.close()
  await daemon.kill()
})

/** A job to a repository of its own, which has run once: of runs that may take long, only one would have a place. */
async function makeJob(name: string, priority: 'normal' | 'low'): Promise<string> {
  const url = join(folder.path, `${name} repository`)
  await createEngine({ stateDir: join(folder.path, 'state') }).init(url, { kind: 'passphrase', passphrase })
  const path = join(folder.path, `${name}.img`)
  await writeFile(path, randomBytes(40_000_000))
  const { destination } = await client.call('destinations.add', { name, url, passphrase })
  const { source } = await client.call('sources.offerFile', { path })
  const { job } = await client.call('jobs.create', {
    settings: {
      ...{ name, priority, schedule: null, destinations: [destination.id] },
      sources: [{ source, name }],
    },
  })
  await client.call('jobs.run', { job: job.id })
  expect(await endedRun(client, job.id)).toMatchObject({ state: 'complete' })
  return job.id
}

/** Starts it with so low a limit that it is under way until it is cancelled, by what this returns. */
async function start(job: string): Promise<() => Promise<void>> {
  const reading = Promise.withResolvers<string>()
  const earlier = (await client.call('runs.list', {})).runs.map(run => run.id)
  const watch = client.subscribe('progress', {
    state: () => undefined,
    change: ({ run, phase, doneBytes }) => {
      if (phase === 'reading' && doneBytes > 0 && !earlier.includes(run)) reading.resolve(run)
    },
    ended: () => undefined,
  })
  await client.call('jobs.edit', { job, changes: { limits: { read: 1_000_000, write: null } } })
  await client.call('jobs.run', { job })
  const run = await reading.promise
  watch.close()
  return async () => {
    await client.call('runs.cancel', { run })
    expect(await endedRun(client, job)).toMatchObject({ id: run, state: 'cancelled' })
  }
}

async function threads(): Promise<{ id: number; niceness: number; io: ReturnType<typeof linux.ioPriority> }[]> {
  const ids = (await readdir(`/proc/${daemon.pid}/task`)).map(Number)
  const all = ids.map(async id => {
    const text = await readFile(`/proc/${daemon.pid}/task/${id}/stat`, 'utf8').catch(() => undefined)
    if (text === undefined) return []
    const niceness = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[16])
    return [{ id, niceness, io: linux.ioPriority(id) }]
  })
  return (await Promise.all(all)).flat()
}
/** Of threads that are there: one that ended meanwhile has none any more. */
const classes = async () => new Set((await threads()).flatMap(({ io }) => (io === 'unsupported' ? [] : [io.class])))

test('runs of low priority give way with their own threads, and with all reading and writing while there is no other', async () => {
  const low = await makeJob('Low', 'low')
  const normal = await makeJob('Normal', 'normal')
  const before = await threads()
  expect(before.some(({ niceness }) => niceness === 19)).toBe(false)
  const usual = before.find(({ id }) => id === daemon.pid)!
  expect(usual.io).not.toMatchObject({ class: 'idle' })

  const endLow = await start(low)
  // A thread begins with the first work for it.
  await expect.poll(async () => (await threads()).some(({ niceness }) => niceness === 19)).toBe(true)
  const during = await threads()
  const nice = during.filter(({ niceness }) => niceness === 19).map(({ id }) => id)
  expect(before.some(({ id }) => nice.includes(id))).toBe(false)
  expect(during.find(({ id }) => id === daemon.pid)?.niceness).toBe(usual.niceness)
  expect(await classes()).toEqual(new Set(['idle']))

  const endNormal = await start(normal)
  expect(await classes()).not.toContain('idle')
  const fresh = async () => (await threads()).filter(({ id }) => !during.some(one => one.id === id))
  await expect.poll(async () => (await fresh()).map(({ niceness }) => niceness)).toContain(usual.niceness)

  await endNormal()
  await expect.poll(classes).toEqual(new Set(['idle']))
  await endLow()
  await expect.poll(classes).not.toContain('idle')
  expect((await threads()).find(({ id }) => id === daemon.pid)?.io).toEqual(usual.io)
  await expect.poll(async () => (await threads()).some(({ niceness }) => niceness === 19)).toBe(false)
}, 120_000)

test('the command line sets the priority, shows it, and refuses what is none', async () => {
  await makeJob('Disk', 'normal')
  const cli = (...args: string[]) => holdfast(args, { env: daemon.env })
  expect(await cli('job', 'edit', 'Disk', '--priority', 'low')).toMatchObject({ code: 0 })
  expect((await cli('job', 'show', 'Disk')).stdout).toContain('Priority  low')
  const wrong = await cli('job', 'edit', 'Disk', '--priority', 'high')
  expect(wrong).toMatchObject({ code: 64 })
  expect(wrong.stderr).toContain('neither “normal” nor “low”')
})
