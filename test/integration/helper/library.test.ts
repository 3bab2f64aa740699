import { mkdir, readFile, rename, truncate, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../../engine/base/clock.ts'
import { randomBytes } from '../../../engine/base/random.ts'
import type { Run } from '../../../engine/contract/jobs.ts'
import type { LibrarySummary } from '../../../engine/contract/library.ts'
import { createEngine } from '../../../engine/engine.ts'
import '../../support/cheapPassphrases.ts'
import { DaemonProcess, endedRun, type HelperClient } from '../../support/daemon.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const passphrase = 'open sesame'
const mib = 1024 * 1024
let daemon: DaemonProcess
let client: HelperClient
let repository: string
let image: string
let destination: string

beforeEach(async () => {
  repository = join(folder.path, 'repository')
  image = join(folder.path, 'disk.img')
  const engine = createEngine({ stateDir: join(folder.path, 'other') })
  await engine.init(repository, { kind: 'passphrase', passphrase })
  await writeFile(image, randomBytes(2 * mib))
  // What another computer has stored there before, under the same name.
  const session = await engine.open(repository, { kind: 'passphrase', passphrase })
  await session.backup(image, { name: 'disk', labels: { from: 'elsewhere' } })
  await session.close()
  daemon = new DaemonProcess(folder.path)
  await daemon.start()
  client = await daemon.connect()
  destination = (await client.call('destinations.add', { name: 'drive', url: repository, passphrase })).destination.id
})
afterEach(async () => {
  client.close()
  await daemon.kill()
})

async function makeJob(): Promise<string> {
  const { source } = await client.call('sources.offerFile', { path: image })
  const { job } = await client.call('jobs.create', {
    settings: { name: 'Disk', sources: [{ source, name: 'disk' }], destinations: [destination], schedule: null },
  })
  return job.id
}

let lastRun: string | undefined
async function backUp(job: string): Promise<string> {
  await client.call('jobs.run', { job })
  const run = await endedRun(client, job, lastRun)
  expect(run).toMatchObject({ state: 'complete' })
  lastRun = run.id
  return run.parts[0]!.version!
}

async function endOf(id: string): Promise<Run> {
  for (;;) {
    const { run } = await client.call('runs.get', { run: id })
    if (run.state !== 'running') return run
    await systemClock.sleep(20)
  }
}

const list = async (input: Parameters<typeof client.call<'versions.list'>>[1] = {}) =>
  (await client.call('versions.list', input)).versions

test('versions are known as soon as a destination is there, and stay known when it is gone and the helper starts anew', async () => {
  await expect.poll(async () => (await list()).length, { timeout: 30_000 }).toBe(1)
  const job = await makeJob()
  const made = await backUp(job)
  expect((await list()).map(({ id, host, destination: of }) => [id, host, of])).toEqual([
    [made, hostname(), destination],
    [expect.any(String), hostname(), destination],
  ])
  const first = await client.call('versions.list', { limit: 1, job: 'Disk' })
  expect(first).toMatchObject({ more: true, versions: [{ id: made, job }] })
  const next = await client.call('versions.list', { limit: 1, job: 'Disk', after: { destination, version: made } })
  expect(next).toMatchObject({ more: false, versions: [{ labels: { from: 'elsewhere' } }] })
  await rename(repository, `${repository}.away`)
  client.close()
  await daemon.kill()
  await daemon.start()
  client = await daemon.connect()
  expect(await list()).toHaveLength(2)
  await expect(client.call('versions.refresh', { destination })).rejects.toMatchObject({
    code: process.getuid?.() === 0 ? 'storage.driveNotConnected' : 'secrets.unavailable',
  })
})

test('whoever watches is told what has changed in the library, and which runs begin and end', async () => {
  const summaries: LibrarySummary[] = []
  const runs: string[] = []
  const ended = () => undefined
  client.subscribe('library', {
    state: state => void summaries.push(...state.summaries),
    change: change => void summaries.push(change),
    ended,
  })
  client.subscribe('runs', { state: ended, change: run => void runs.push(`${run.kind} ${run.state}`), ended })
  const job = await makeJob()
  await backUp(job)
  await expect.poll(() => summaries.at(-1), { timeout: 20_000 }).toMatchObject({ destination, versions: 2, damaged: 0 })
  await expect.poll(() => runs.at(-1), { timeout: 20_000 }).toBe('backup complete')
  expect(runs[0]).toBe('backup running')
  const before = summaries.length
  const { summary } = await client.call('versions.refresh', { destination })
  expect(summary).toMatchObject({ versions: 2 })
  expect(summaries).toHaveLength(before)
})

test('versions are protected, labelled and told as such', async () => {
  const version = await backUp(await makeJob())
  await client.call('versions.protect', { destination: 'drive', versions: [version] })
  const edits = ['note=before the move', 'from-']
  const { version: labelled } = await client.call('versions.label', { destination, version, edits })
  expect(labelled).toMatchObject({ id: version, protected: true, labels: { note: 'before the move' } })
  expect((await list())[0]).toEqual(labelled)
  await client.call('versions.unprotect', { destination, versions: [version] })
  expect((await list())[0]).toMatchObject({ protected: false })
  const unknown = client.call('versions.protect', { destination, versions: ['0'.repeat(16)] })
  await expect(unknown).rejects.toMatchObject({ code: 'repository.versionNotFound' })
})

test('versions are removed as planned, once, and only while they are as they were planned', async () => {
  const job = await makeJob()
  const first = await backUp(job)
  const second = await backUp(job)
  await client.call('versions.protect', { destination, versions: [first] })
  const planned = await client.call('versions.planRemoval', { destination, versions: [first, second] })
  expect(planned).toMatchObject({
    planId: expect.any(String),
    removable: [{ id: second, job }],
    kept: [{ version: { id: first }, reason: 'protected' }],
    lastOfName: [],
  })
  const early = await client.call('versions.planRemoval', { destination, versions: [second] })
  await client.call('versions.protect', { destination, versions: [second] })
  await expect(client.call('versions.remove', { planId: early.planId! })).rejects.toMatchObject({
    code: 'target.identityChanged',
  })
  await client.call('versions.unprotect', { destination, versions: [second] })
  expect(await client.call('versions.remove', { planId: planned.planId! })).toEqual({ removed: [second] })
  await expect(client.call('versions.remove', { planId: planned.planId! })).rejects.toMatchObject({
    code: 'config.notFound',
  })
  expect((await list()).map(({ id }) => id)).not.toContain(second)
  const none = await client.call('versions.planRemoval', { destination, versions: [first] })
  expect(none).toMatchObject({ planId: null, removable: [], kept: [{ reason: 'protected' }] })
  const all = (await list()).map(({ id }) => id)
  await client.call('versions.unprotect', { destination, versions: all })
  const last = await client.call('versions.planRemoval', { destination, versions: all })
  expect(last.lastOfName).toEqual(['disk'])
  const trail = (await readFile(join(folder.path, 'state', 'erases.log'), 'utf8')).trim().split('\n')
  expect(trail.map(line => JSON.parse(line)).map(({ result, version }) => [result, version])).toEqual([
    ['allowed', expect.stringContaining(second)],
    ['failed', expect.stringContaining(second)],
    ['allowed', expect.stringContaining(second)],
    ['done', second],
  ])
})

test('two versions are compared, and a version is shown as the disk that it is', async () => {
  await truncate(image, 64 * mib)
  await writeFile(image, dosTable(), { flag: 'r+' })
  const job = await makeJob()
  const older = await backUp(job)
  await writeFile(image, Buffer.concat([dosTable(), Buffer.alloc(511, 1)]), { flag: 'r+' })
  const newer = await backUp(job)
  const comparison = await client.call('versions.compare', { destination, older, newer })
  expect(comparison).toMatchObject({ sizeBytes: 64 * mib })
  expect(comparison.changedBytes).toBeGreaterThan(0)
  expect(comparison.changedBytes).toBeLessThan(mib)
  expect(comparison.parts.filter(part => part > 0)).toHaveLength(1)
  expect((await client.call('versions.compare', { destination, older, newer: older })).changedBytes).toBe(0)
  const { picture } = await client.call('versions.picture', { destination, version: newer })
  expect(picture).toMatchObject({
    sizeBytes: 64 * mib,
    table: 'dos',
    parts: [
      { kind: 'partition', offset: 4 * mib, length: 8 * mib, type: 'Linux' },
      { kind: 'free', offset: 12 * mib, length: 52 * mib },
    ].toSpliced(0, 0, { kind: 'free', offset: 0, length: 4 * mib } as never),
  })
})

test('everything is checked on demand, and damage makes that run incomplete and the versions damaged', async () => {
  const version = await backUp(await makeJob())
  const { run: sound } = await client.call('scrubs.start', { destination, depth: 'deep' })
  expect(await endOf(sound)).toMatchObject({
    kind: 'scrub',
    state: 'complete',
    outcome: { kind: 'scrub', depth: 'deep', damagedCount: 0 },
  })
  const { answers } = await client.call('health.get', {})
  expect(answers.find(({ question }) => question === 'verified')).toMatchObject({
    answer: 'good',
    at: expect.any(String),
  })
  await damageAPack()
  const { run: bad } = await client.call('scrubs.start', { destination, depth: 'deep', versions: [version] })
  expect(await endOf(bad)).toMatchObject({
    state: 'incomplete',
    error: { code: 'integrity.damageFound' },
    outcome: {
      kind: 'scrub',
      damaged: expect.arrayContaining([expect.objectContaining({ versions: expect.arrayContaining([version]) })]),
    },
  })
  expect((await list()).find(({ id }) => id === version)).toMatchObject({ status: 'damaged' })
  const after = await client.call('health.get', {})
  expect(after.answers.find(({ question }) => question === 'undamaged')).toMatchObject({
    answer: 'bad',
    destinations: [destination],
  })
})

test('room is made on demand', async () => {
  const job = await makeJob()
  await backUp(job)
  const all = (await list()).map(({ id }) => id)
  const { planId } = await client.call('versions.planRemoval', { destination, versions: all })
  await client.call('versions.remove', { planId: planId! })
  const { run } = await client.call('prunes.start', { destination })
  const ended = await endOf(run)
  expect(ended).toMatchObject({ kind: 'prune', state: 'complete', job: null, outcome: { kind: 'prune' } })
  expect(ended.outcome?.kind === 'prune' && ended.outcome.freedBytes).toBeGreaterThan(mib)
})

test('another repository in the place of the right one is told and not touched', async () => {
  await expect.poll(async () => (await list()).length, { timeout: 30_000 }).toBe(1)
  await rename(repository, `${repository}.away`)
  const engine = createEngine({ stateDir: join(folder.path, 'third') })
  await mkdir(repository)
  await engine.init(repository, { kind: 'passphrase', passphrase }, { forgetOld: true })
  await expect(client.call('versions.refresh', { destination })).rejects.toMatchObject({
    code: expect.stringMatching(/storage.driveNotConnected|repository.notFound/),
  })
  expect(await list()).toHaveLength(1)
})

test('a policy is shown at work on what is remembered, and on what is invented', async () => {
  const job = await makeJob()
  await backUp(job)
  await backUp(job)
  const shown = await client.call('retention.preview', { policy: 'latest1', job })
  expect(shown).toMatchObject({ keptCount: 1, removedCount: 2 })
  expect(shown.decisions.map(({ keep }) => keep)).toEqual([true, false, false])
  const invented = await client.call('retention.preview', { policy: 'latest3,days7,months24' })
  expect(invented.keptCount + invented.removedCount).toBe(2 * 365 * 24)
  expect(invented.decisions.filter(({ keep }) => keep)).toHaveLength(invented.keptCount)
  await expect(client.call('retention.preview', { policy: 'yearly' })).rejects.toMatchObject({
    code: 'usage.policyInvalid',
  })
})

test('image files and mounted file systems say how large and how full they are', async () => {
  await truncate(image, 8 * mib)
  const { source } = await client.call('sources.offerFile', { path: image })
  const facts = await client.call('sources.fileFacts', { source })
  expect(facts).toMatchObject({ path: image, sizeBytes: 8 * mib })
  expect(facts.allocatedBytes).toBeLessThan(8 * mib)
  const { devices } = await client.call('sources.list', {})
  for (const { device, usedBytes, freeBytes } of (await client.call('sources.usage', {})).usages) {
    const found = devices.find(({ id }) => id === device)
    expect(found?.mountPoints.length).toBeGreaterThan(0)
    expect(usedBytes + freeBytes).toBeLessThanOrEqual(found!.sizeBytes)
  }
})

test('the bundle for support tells of jobs and runs, and nothing that is secret or a name of somebody', async () => {
  const job = await makeJob()
  await backUp(job)
  await client.call('notices.set', {
    email: null,
    webhook: { url: 'http://127.0.0.1:9/hooks/planted-token' },
    webhookSecret: 'planted-webhook-secret',
  })
  await client.call('jobs.edit', { job, changes: { labels: { note: `the word is ${passphrase}` } } })
  const { text } = await client.call('support.bundle', {})
  const bundle = JSON.parse(text)
  expect(bundle).toMatchObject({ jobs: [{ id: job }], runs: [{ job, state: 'complete' }] })
  expect(Object.keys(bundle.logs)).toHaveLength(1)
  for (const secret of [passphrase, 'planted-token', 'planted-webhook-secret']) expect(text).not.toContain(secret)
})

/** A partition of 8 MiB at 4 MiB. */
function dosTable(): Buffer {
  const sector = Buffer.alloc(512)
  sector[446 + 4] = 0x83
  sector.writeUInt32LE((4 * mib) / 512, 446 + 8)
  sector.writeUInt32LE((8 * mib) / 512, 446 + 12)
  sector.writeUInt16LE(0xaa55, 510)
  return sector
}

async function damageAPack(): Promise<void> {
  const { readdir } = await import('node:fs/promises')
  const packs = join(repository, 'packs')
  for (const name of await readdir(packs, { recursive: true })) {
    const path = join(packs, name)
    const bytes = await readFile(path).catch(() => undefined)
    if (!bytes || bytes.length < mib / 4) continue
    bytes[bytes.length >> 1]! ^= 0xff
    await writeFile(path, bytes)
  }
}
