import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../../engine/base/clock.ts'
import type { DestinationView } from '../../../engine/contract/helperContract.ts'
import { DaemonProcess, endedRun, type HelperClient } from '../../support/daemon.ts'
import { ownerKey, S3Server } from '../../support/s3Server.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const passphrase = 'correct horse battery staple'
const login = { kind: 's3' as const, keyId: ownerKey.id, secretKey: ownerKey.secret }
const run = promisify(execFile)

let server: S3Server
let daemon: DaemonProcess
let client: HelperClient

beforeEach(async () => {
  server = await S3Server.start({
    keys: [
      ownerKey,
      { id: 'READER', secret: 'reader', mayWrite: false, mayDelete: false },
      { id: 'APPENDER', secret: 'appender', mayDelete: false },
    ],
  })
  daemon = new DaemonProcess(folder.path)
  await daemon.start()
  client = await daemon.connect()
})
afterEach(async () => {
  client.close()
  await daemon.stop()
  await server.close()
})

const url = (prefix = 'mine') => `b2:lab/${prefix}?endpoint=http://127.0.0.1:${server.port}`
const viewOf = async (): Promise<DestinationView> => (await client.call('destinations.list', {})).destinations[0]!

async function makeJob(destination: string): Promise<{ job: string; image: string }> {
  const image = join(folder.path, 'disk.img')
  await writeFile(image, randomBytes(300_000))
  const { source } = await client.call('sources.offerFile', { path: image })
  const settings = { name: 'Job', sources: [{ source, name: 'disk' }], destinations: [destination], schedule: null }
  const { job } = await client.call('jobs.create', { settings })
  return { job: job.id, image }
}

describe('a bucket as a destination of a real helper', () => {
  test('is tested: free, taken, and what is missing', async () => {
    const tested = (over: object, prefix = 'mine') =>
      client.call('places.test', { url: url(prefix), credentials: { ...login, ...over } })
    expect(await tested({})).toMatchObject({ state: 'free', problem: null, canDelete: true, url: url() })
    expect(server.objects.size).toBe(0)
    const reader = await tested({ keyId: 'READER', secretKey: 'reader' })
    expect(reader).toMatchObject({ state: 'refused', problem: { code: 'storage.authFailed', missingRight: 'write' } })
    expect(await tested({ keyId: 'APPENDER', secretKey: 'appender' })).toMatchObject({
      state: 'free',
      canDelete: false,
    })
    // What it tried with stays there, and is in nobody's way.
    const credentials = { ...login, keyId: 'APPENDER', secretKey: 'appender' }
    const place = { kind: 'elsewhere' as const, url: url(), credentials }
    await client.call('destinations.create', { name: 'Kept', place, passphrase })
    const wrong = await tested({ secretKey: 'wrong' })
    expect(wrong).toMatchObject({ state: 'refused', problem: { code: 'storage.authFailed', missingRight: null } })
    const elsewhere = `b2:other?endpoint=http://127.0.0.1:${server.port}`
    expect(await client.call('places.test', { url: elsewhere, credentials: login })).toMatchObject({
      problem: { code: 'storage.bucketNotFound' },
    })
  })

  test('is backed up to, restored from, and waited for while it does not answer', { timeout: 120_000 }, async () => {
    const place = { kind: 'elsewhere' as const, url: url(), credentials: login }
    const { destination } = await client.call('destinations.create', { name: 'Cloud', place, passphrase })
    expect(destination).toMatchObject({ url: url(), drive: null })
    expect(await viewOf()).toMatchObject({
      state: { state: 'connected' },
      place: { kind: 'b2', host: `127.0.0.1:${server.port}`, path: 'lab/mine' },
      credentials: 'kept',
    })
    const again = await client.call('places.test', { url: url(), credentials: login })
    expect(again).toMatchObject({ state: 'repository', destination: destination.id, canDelete: null })

    const { job, image } = await makeJob(destination.id)
    await client.call('jobs.run', { job })
    const first = await endedRun(client, job)
    expect(first).toMatchObject({ state: 'complete', error: null })

    const { port } = server
    await server.close()
    await writeFile(image, randomBytes(300_000))
    await client.call('jobs.run', { job })
    const second = await endedRun(client, job, first.id)
    expect(second).toMatchObject({ state: 'failed', error: { code: 'storage.unreachable' } })
    const { jobs } = await client.call('jobs.list', {})
    expect(jobs[0]!.standings[0]).toMatchObject({ state: 'waiting', reason: 'offline', nextAt: expect.any(String) })
    expect((await viewOf()).state).toMatchObject({ state: 'unreachable', reason: 'network' })

    await server.listen(port)
    // Whoever asks does not wait for the next attempt.
    await client.call('jobs.run', { job })
    const third = await endedRun(client, job, second.id)
    expect(third).toMatchObject({ state: 'complete' })
    expect((await viewOf()).state.state).toBe('connected')
  })

  test('keeps its login out of everything but the secrets, and takes a new one that opens it', async () => {
    const place = { kind: 'elsewhere' as const, url: url(), credentials: login }
    const { destination } = await client.call('destinations.create', { name: 'Cloud', place, passphrase })
    const edit = (secretKey: string, keyId = ownerKey.id) =>
      client.call('destinations.edit', { destination: 'Cloud', credentials: { kind: 's3', keyId, secretKey } })
    await expect(edit('wrong')).rejects.toMatchObject({ code: 'storage.authFailed' })
    const { job } = await makeJob(destination.id)
    await client.call('jobs.run', { job })
    expect(await endedRun(client, job)).toMatchObject({ state: 'complete' })
    await edit('appender', 'APPENDER')
    await client.call('jobs.run', { job })

    const { text } = await client.call('jobs.export', {})
    const bundle = JSON.stringify(await client.call('support.bundle', {}))
    for (const shown of [text, bundle]) {
      for (const secret of [ownerKey.secret, 'appender', passphrase]) expect(shown).not.toContain(secret)
    }
    const { stdout } = await run('grep', ['-rlF', ownerKey.secret, folder.path], { encoding: 'utf8' }).catch(
      error => error,
    )
    expect(stdout).toBe('')
  })

  test('is limited as it says, until that is lifted', async () => {
    const place = { kind: 'elsewhere' as const, url: url(), credentials: login }
    const { destination } = await client.call('destinations.create', { name: 'Cloud', place, passphrase })
    const limits = { write: 100_000, read: null, hours: [] }
    await client.call('destinations.edit', { destination: 'Cloud', limits })
    const { job } = await makeJob(destination.id)
    const began = systemClock.monotonic()
    await client.call('jobs.run', { job })
    const first = await endedRun(client, job)
    expect(first).toMatchObject({ state: 'complete' })
    // 300 kB of noise, of which 100 kB may go at once.
    expect(systemClock.monotonic() - began).toBeGreaterThan(1900)
    await client.call('destinations.edit', { destination: 'Cloud', limits: null })
    expect((await viewOf()).destination).not.toHaveProperty('limits')
  })

  test('is opened by another computer with the same login and passphrase, and restored from there', async () => {
    const place = { kind: 'elsewhere' as const, url: url(), credentials: login }
    const { destination } = await client.call('destinations.create', { name: 'Cloud', place, passphrase })
    const { job, image } = await makeJob(destination.id)
    await client.call('jobs.run', { job })
    const { parts } = await endedRun(client, job)
    const content = await readFile(image)
    client.close()
    await daemon.stop()
    await rm(join(folder.path, 'state'), { recursive: true })
    await daemon.start()
    client = await daemon.connect()
    const opened = await client.call('destinations.open', {
      name: 'Found',
      place,
      secret: { kind: 'passphrase', text: passphrase },
    })
    const target = { kind: 'newFile' as const, path: join(folder.path, 'restored.img') }
    const version = parts[0]!.version!
    const plan = await client.call('restores.plan', { destination: opened.destination.id, version, target })
    const { run: id } = await client.call('restores.start', { planId: plan.planId, confirmation: '' })
    for (;;) {
      const { run: record } = await client.call('runs.get', { run: id })
      if (record.state === 'running') {
        await systemClock.sleep(20)
        continue
      }
      expect(record).toMatchObject({ state: 'complete' })
      break
    }
    expect((await readFile(target.path)).equals(content)).toBe(true)
  })
})
