import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../../engine/base/clock.ts'
import type { Run } from '../../../engine/contract/jobs.ts'
import { createEngine } from '../../../engine/engine.ts'
import { DaemonProcess, endedRun, type HelperClient } from '../../support/daemon.ts'
import { randomImage } from '../../support/mixedImage.ts'
import { expectRestores, originalOf } from '../../support/repositoryAttack.ts'
import { ownerKey, S3Server } from '../../support/s3Server.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const passphrase = 'correct horse battery staple'
const credentials = { kind: 's3' as const, keyId: ownerKey.id, secretKey: ownerKey.secret }
const mib = 1024 * 1024
/** So slow that a run of this size is under way for as long as a test needs. */
const slow = 8 * mib
const image = randomImage(40 * mib, 'paused')

let server: S3Server
let daemon: DaemonProcess
let client: HelperClient

beforeEach(async () => {
  server = await S3Server.start()
  daemon = new DaemonProcess(folder.path)
  await daemon.start()
  client = await daemon.connect()
})
afterEach(async () => {
  client.close()
  await daemon.kill()
  await server.close()
})

const nothing = { write: null, read: null, hours: [] }

async function makePlace(name: string, limits = nothing as object): Promise<string> {
  const place = { kind: 'elsewhere' as const, url: `s3:http://127.0.0.1:${server.port}/lab/${name}`, credentials }
  const { destination } = await client.call('destinations.create', { name, place, passphrase })
  await client.call('destinations.edit', { destination: name, limits: { ...nothing, ...limits } })
  return destination.id
}

async function makeJob(name: string, content: Buffer, destinations: string[]): Promise<string> {
  const file = join(folder.path, `${name}.img`)
  await writeFile(file, content)
  const { source } = await client.call('sources.offerFile', { path: file })
  // Nothing is read back after a backup, so that what is asked of a place is easily told.
  const upkeep = { verifyPercent: 0, pruneEveryDays: null, scrubWithinDays: null }
  const settings = { name, sources: [{ source, name }], destinations, schedule: null, upkeep }
  return (await client.call('jobs.create', { settings })).job.id
}

/** What was asked of a place so far, but for the locks that show that a run is alive. */
const askedOf = (place: string) =>
  server.log.filter(({ key, query }) => {
    const isLock = key.startsWith(`${place}/locks/`) || query.includes(encodeURIComponent(`${place}/locks`))
    return !isLock && (key.startsWith(`${place}/`) || query.includes(encodeURIComponent(`${place}/`)))
  }).length
const locksOf = (place: string) => [...server.objects.keys()].filter(key => key.startsWith(`${place}/locks/`))
const packsOf = (place: string) => [...server.objects.keys()].filter(key => key.startsWith(`${place}/packs/`)).length

/** The run under way, once `isSo` of its progress. */
async function runningWhen(isSo: (run: Run) => boolean | Promise<boolean>): Promise<string> {
  for (;;) {
    const { runs } = await client.call('runs.list', { limit: 1 })
    const [run] = runs
    if (run?.state === 'running' && (await isSo(run))) return run.id
    if (run && run.state !== 'running' && run.error) throw new Error(run.error.message)
    await systemClock.sleep(10)
  }
}

async function ended(id: string): Promise<Run> {
  for (;;) {
    const { run } = await client.call('runs.get', { run: id })
    if (run.state !== 'running') return run
    await systemClock.sleep(20)
  }
}

/** Pauses a run; returns when what was under way has ended. */
async function pause(run: string, places: string[]): Promise<() => number> {
  await client.call('runs.pause', { run })
  const asked = () => places.reduce((sum, place) => sum + askedOf(place), 0)
  for (let before = -1; before !== asked(); ) {
    before = asked()
    await systemClock.sleep(300)
  }
  return asked
}

/** Something that takes two seconds: a run of another job, which a run that is paused leaves its place to. */
async function meanwhile(): Promise<void> {
  const other = await makePlace('other', { write: 300_000 })
  const job = await makeJob('Meanwhile', randomImage(600_000, 'meanwhile'), [other])
  await client.call('jobs.run', { job })
  expect(await endedRun(client, job)).toMatchObject({ state: 'complete' })
}

async function expectStored(place: string, version: string): Promise<void> {
  const url = `s3:http://127.0.0.1:${server.port}/lab/${place}`
  const session = await createEngine({ stateDir: join(folder.path, 'another computer') }).open(
    url,
    { kind: 'passphrase', passphrase },
    { credentials },
  )
  try {
    await expectRestores(session, version, originalOf(image), folder.path)
  } finally {
    await session.close()
  }
}

describe('a backup that is paused', () => {
  /** One that has stored a pack, and has more to store. */
  async function begun(): Promise<{ job: string; run: string }> {
    const place = await makePlace('cloud', { write: slow })
    const job = await makeJob('Disk', image, [place])
    await client.call('jobs.run', { job })
    const run = await runningWhen(() => packsOf('cloud') > 0)
    return { job, run }
  }

  test('sends nothing until it is resumed, though the page that paused it is gone, and is complete then', async () => {
    const { job, run } = await begun()
    const asked = await pause(run, ['cloud'])
    const before = asked()
    const { run: held } = await client.call('runs.get', { run })
    expect(held).toMatchObject({ state: 'running', pausedSince: expect.any(String) })
    // Again it changes nothing.
    await client.call('runs.pause', { run })
    expect((await client.call('runs.get', { run })).run.pausedSince).toBe(held.pausedSince)
    client.close()
    client = await daemon.connect()
    await meanwhile()
    expect(asked()).toBe(before)
    expect(locksOf('cloud')).toHaveLength(1)
    expect(packsOf('cloud')).toBeLessThan(3)
    const pausedMs = systemClock.now() - Date.parse(held.pausedSince!)

    await client.call('runs.resume', { run })
    await client.call('runs.resume', { run })
    const done = await endedRun(client, job)
    expect(done).toMatchObject({ id: run, state: 'complete', error: null, warnings: [] })
    expect(done).not.toHaveProperty('pausedSince')
    expect(asked()).toBeGreaterThan(before)
    // The pause is in no duration.
    const wholeMs = Date.parse(done.finishedAt!) - Date.parse(done.startedAt)
    expect(done.parts[0]!.durationMs).toBeLessThanOrEqual(wholeMs - pausedMs + 100)
    expect(locksOf('cloud')).toEqual([])
    await expectStored('cloud', done.parts[0]!.version!)
    const { log } = await client.call('runs.get', { run })
    expect(log.map(({ text }) => text)).toEqual(expect.arrayContaining(['The run is paused.', 'The run goes on.']))
  })

  test('can be cancelled, and the next one sends only the rest', async () => {
    const { job, run } = await begun()
    await pause(run, ['cloud'])
    await client.call('runs.cancel', { run })
    expect(await endedRun(client, job)).toMatchObject({ id: run, state: 'cancelled' })
    expect((await client.call('runs.get', { run })).run).not.toHaveProperty('pausedSince')
    expect(locksOf('cloud')).toEqual([])
    await client.call('destinations.edit', { destination: 'cloud', limits: null })
    await client.call('jobs.run', { job })
    const next = await endedRun(client, job, run)
    expect(next).toMatchObject({ state: 'complete' })
    expect(server.bytesPut).toBeLessThan(image.length * 1.2)
    await expectStored('cloud', next.parts[0]!.version!)
  })

  test('is interrupted when the helper ends, however it ends, and gone on from by the next', async () => {
    const { job, run } = await begun()
    await pause(run, ['cloud'])
    client.close()
    expect(await daemon.stop()).toMatchObject({ code: 0 })
    expect(locksOf('cloud')).toEqual([])
    await daemon.start()
    client = await daemon.connect()
    const { run: interrupted } = await client.call('runs.get', { run })
    expect(interrupted).toMatchObject({ state: 'interrupted' })
    expect(interrupted).not.toHaveProperty('pausedSince')
    await client.call('jobs.run', { job })
    const again = await runningWhen(({ id }) => id !== run)
    await pause(again, ['cloud'])
    client.close()
    await daemon.kill()
    await daemon.start()
    client = await daemon.connect()
    expect((await client.call('runs.get', { run: again })).run).toMatchObject({ state: 'interrupted' })
    await client.call('jobs.run', { job })
    await client.call('destinations.edit', { destination: 'cloud', limits: null })
    const last = await endedRun(client, job, again)
    expect(last).toMatchObject({ state: 'complete' })
    await expectStored('cloud', last.parts[0]!.version!)
  })

  test('is no run of a kind that cannot be, and none that is not there', async () => {
    await expect(client.call('runs.pause', { run: '0'.repeat(16) })).rejects.toMatchObject({ code: 'config.notFound' })
    await expect(client.call('runs.resume', { run: '0'.repeat(16) })).rejects.toMatchObject({ code: 'config.notFound' })
    const { job, run } = await begun()
    await client.call('runs.cancel', { run })
    await endedRun(client, job)
    await expect(client.call('runs.pause', { run })).rejects.toMatchObject({ code: 'config.notFound' })
  })
})

describe('other runs that are paused', () => {
  /** A version in a place that gives and takes only slowly from now on. */
  async function stored(): Promise<{ place: string; version: string }> {
    const place = await makePlace('cloud')
    const job = await makeJob('Disk', image, [place])
    await client.call('jobs.run', { job })
    const { parts } = await endedRun(client, job)
    await client.call('destinations.edit', { destination: 'cloud', limits: { ...nothing, read: slow } })
    return { place, version: parts[0]!.version! }
  }

  /** Pauses it in the middle, sees that nothing is asked meanwhile, and lets it end. */
  async function heldAndDone(run: string, places: string[], isUnderWay: () => boolean): Promise<Run> {
    await runningWhen(({ id }) => id === run && isUnderWay())
    const asked = await pause(run, places)
    const before = asked()
    await meanwhile()
    expect(asked()).toBe(before)
    expect((await client.call('runs.get', { run })).run).toMatchObject({ state: 'running' })
    await client.call('runs.resume', { run })
    const done = await ended(run)
    expect(done).toMatchObject({ state: 'complete', error: null })
    return done
  }

  const readsOf = (place: string) =>
    server.log.filter(({ method, key }) => method === 'GET' && key.startsWith(`${place}/packs/`)).length

  test('a restore asks for nothing until it is resumed, and restores bit for bit', async () => {
    const { place, version } = await stored()
    const target = { kind: 'newFile' as const, path: join(folder.path, 'restored.img') }
    const { planId } = await client.call('restores.plan', { destination: place, version, target, verify: true })
    const before = readsOf('cloud')
    const { run } = await client.call('restores.start', { planId, confirmation: '' })
    await heldAndDone(run, ['cloud'], () => readsOf('cloud') > before)
    expect((await readFile(target.path)).equals(image)).toBe(true)
  })

  test('a check asks for nothing until it is resumed', async () => {
    const { place } = await stored()
    const before = readsOf('cloud')
    const { run } = await client.call('scrubs.start', { destination: place, depth: 'deep' })
    const { outcome } = await heldAndDone(run, ['cloud'], () => readsOf('cloud') > before)
    expect(outcome).toMatchObject({ kind: 'scrub', damagedCount: 0 })
  })

  test('a copy asks neither place for anything until it is resumed', async () => {
    const { version } = await stored()
    await makePlace('second', { write: slow })
    const copying = { versions: [version as never], from: 'cloud', to: 'second' }
    const { run } = await client.call('destinations.copyMissing', copying)
    const { outcome } = await heldAndDone(run, ['cloud', 'second'], () => packsOf('second') > 0)
    expect(outcome).toMatchObject({ kind: 'copy', copied: 1 })
    await expectStored('second', version)
  })
})
