import { readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../../engine/base/clock.ts'
import type { Run } from '../../../engine/contract/jobs.ts'
import { createEngine } from '../../../engine/engine.ts'
import type { Session } from '../../../engine/engineApi.ts'
import { DaemonProcess, type HelperClient } from '../../support/daemon.ts'
import { randomImage } from '../../support/mixedImage.ts'
import { expectRestores, originalOf } from '../../support/repositoryAttack.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const passphrase = 'open sesame'
const MB = 1_000_000
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

const at = (name: string) => join(folder.path, name)
/** A folder that goes announces itself to nobody; the helper looks when a destination is changed. */
async function unplug(name: string): Promise<void> {
  await rename(at(name), at(`${name} in a drawer`))
  await client.call('destinations.edit', { destination: name })
}
async function plugIn(name: string): Promise<void> {
  await rename(at(`${name} in a drawer`), at(name))
  await client.call('destinations.edit', { destination: name })
}

async function bytesIn(name: string): Promise<number> {
  const entries = await readdir(join(at(name), 'packs'), { recursive: true, withFileTypes: true })
  const packs = entries.filter(entry => entry.isFile())
  const sizes = await Promise.all(packs.map(pack => stat(join(pack.parentPath, pack.name))))
  return sizes.reduce((sum, { size }) => sum + size, 0)
}

async function opened<T>(name: string, use: (session: Session) => Promise<T>): Promise<T> {
  const session = await createEngine({ stateDir: at('another computer') }).open(at(name), {
    kind: 'passphrase',
    passphrase,
  })
  try {
    return await use(session)
  } finally {
    await session.close()
  }
}

const idsIn = (name: string) => opened(name, async session => (await session.versions()).map(({ id }) => id as string))

/** All runs, the oldest first, once there are so many that have ended. */
async function endedRuns(count: number): Promise<Run[]> {
  for (;;) {
    const { runs } = await client.call('runs.list', { limit: 100 })
    const ended = runs.filter(run => run.state !== 'running')
    if (ended.length >= count) return ended.toReversed()
    await systemClock.sleep(50)
  }
}

const lacking = async () => (await client.call('destinations.lacking', {})).lacking

/** Two folders that stand for drives, and a job that stores an image in both. */
async function makeJob(settings: Record<string, unknown> = {}) {
  const made = []
  for (const name of ['one', 'two']) {
    const { destination } = await client.call('destinations.create', {
      name,
      place: { kind: 'folder', path: at(name) },
      passphrase,
    })
    made.push(destination.id)
  }
  const { source } = await client.call('sources.offerFile', { path: at('image') })
  const { job } = await client.call('jobs.create', {
    settings: { name: 'Disk', sources: [{ source, name: 'disk' }], destinations: made, schedule: null, ...settings },
  })
  return { job: job.id, one: made[0]!, two: made[1]! }
}

test('one read serves both destinations, and one that was away for three runs gets what it lacks, once', async () => {
  const image = randomImage(20 * MB, 'two drives')
  const states: Buffer[] = []
  const store = async () => {
    states.push(Buffer.from(image))
    await writeFile(at('image'), image)
  }
  await store()
  const { job, one, two } = await makeJob()
  await client.call('jobs.run', { job })
  const [first, second] = await endedRuns(2)
  expect(first).toMatchObject({ kind: 'backup', destination: one, state: 'complete' })
  expect(second).toMatchObject({
    kind: 'copy',
    destination: two,
    state: 'complete',
    outcome: { copied: 1, failedCount: 0 },
  })
  expect(await idsIn('two')).toEqual(await idsIn('one'))

  await unplug('two')
  for (const n of [1, 2, 3]) {
    randomImage(MB, n).copy(image, n * 3 * MB)
    await store()
    await client.call('jobs.run', { job })
    expect((await endedRuns(2 + n)).at(-1)).toMatchObject({ kind: 'backup', destination: one, state: 'complete' })
  }
  expect(await lacking()).toMatchObject([{ job, destination: two, count: 3, from: [one] }])

  // What is missing is known without a list that could be lost.
  client.close()
  await daemon.kill()
  await daemon.start()
  client = await daemon.connect()
  expect(await lacking()).toMatchObject([{ destination: two, count: 3 }])
  const before = await bytesIn('two in a drawer')
  await plugIn('two')
  const copy = (await endedRuns(6)).at(-1)!
  expect(copy).toMatchObject({
    kind: 'copy',
    destination: two,
    state: 'complete',
    outcome: { copied: 3, failedCount: 0 },
  })
  expect(await lacking()).toEqual([])
  // Three times a megabyte, with the blocks at its ends, and maps.
  const sent = (await bytesIn('two')) - before
  expect(sent).toBeGreaterThan(3 * MB)
  expect(sent).toBeLessThan(3.6 * MB)
  const ids = await idsIn('one')
  expect(await idsIn('two')).toEqual(ids)
  for (const name of ['one', 'two']) {
    await opened(name, async session => {
      const byDate = (await session.versions()).toSorted((a, b) => (a.date < b.date ? -1 : 1))
      for (const [n, { id }] of byDate.entries()) await expectRestores(session, id, originalOf(states[n]!), folder.path)
    })
  }
  const { runs } = await client.call('runs.list', { limit: 100 })
  expect(runs.length).toBe(6)
})

test('when the first one is away, it gets its versions from the second', async () => {
  await writeFile(at('image'), randomImage(2 * MB, 'the other way'))
  const { job, one, two } = await makeJob()
  await unplug('one')
  await client.call('jobs.run', { job })
  expect((await endedRuns(1))[0]).toMatchObject({ kind: 'backup', destination: two, state: 'complete' })
  await plugIn('one')
  expect((await endedRuns(2))[1]).toMatchObject({ kind: 'copy', destination: one, outcome: { copied: 1 } })
  expect(await idsIn('one')).toEqual(await idsIn('two'))
})

test('what was removed on purpose is not sent again, unless somebody asks for it', async () => {
  await writeFile(at('image'), randomImage(2 * MB, 'removed'))
  const { job, two } = await makeJob()
  await client.call('jobs.run', { job })
  await endedRuns(2)
  const [id] = await idsIn('two')
  await opened('two', session => session.remove([id!], {}))
  await client.call('versions.refresh', { destination: two })
  expect(await lacking()).toEqual([])
  await client.call('destinations.copyMissing', { to: two })
  expect((await endedRuns(3))[2]).toMatchObject({ kind: 'copy', job: null, state: 'complete', outcome: { copied: 0 } })
  await client.call('destinations.copyMissing', { to: two, from: 'one', versions: [id!] })
  expect((await endedRuns(4))[3]).toMatchObject({ state: 'complete', outcome: { copied: 1 } })
  expect(await idsIn('two')).toEqual([id])
})

test('damage in one destination is healed from the other by a check', async () => {
  const image = randomImage(4 * MB, 'healed')
  await writeFile(at('image'), image)
  const { job, two } = await makeJob()
  await client.call('jobs.run', { job })
  await endedRuns(2)
  for (const entry of await readdir(join(at('two'), 'packs'), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isFile() || (await stat(path)).size < MB) continue
    const bytes = await readFile(path)
    await writeFile(path, bytes.fill(0xee, MB, MB + 8))
  }
  await client.call('scrubs.start', { destination: two, depth: 'deep' })
  const scrub = (await endedRuns(3))[2]!
  expect(scrub).toMatchObject({ kind: 'scrub', state: 'complete', error: null })
  expect(scrub.outcome).toMatchObject({ damagedCount: expect.any(Number), repairedFrom: ['one'] })
  expect((scrub.outcome as { repaired: number }).repaired).toBeGreaterThan(0)
  await opened('two', async session => {
    const [version] = await session.versions()
    expect(version!.status).toBe('complete')
    await expectRestores(session, version!.id, originalOf(image), folder.path)
  })
})

test('only what retention would keep there is sent', async () => {
  const image = randomImage(MB, 'policy')
  await writeFile(at('image'), image)
  const { job, two } = await makeJob({ retention: 'latest2' })
  await client.call('jobs.run', { job })
  await endedRuns(2)
  await unplug('two')
  for (const n of [1, 2, 3, 4]) {
    image.fill(n, 0, 100_000)
    await writeFile(at('image'), image)
    await client.call('jobs.run', { job })
    await endedRuns(2 + n)
  }
  await plugIn('two')
  expect((await endedRuns(7)).at(-1)).toMatchObject({ kind: 'copy', destination: two, outcome: { copied: 2 } })
  const kept = await idsIn('one')
  expect(kept.length).toBe(2)
  expect(await idsIn('two')).toEqual(kept)
})
