import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DaemonProcess, endedRun, type HelperClient } from '../../support/daemon.ts'
import { ownerKey, S3Server } from '../../support/s3Server.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const passphrase = 'correct horse battery staple'
const login = { kind: 's3' as const, keyId: ownerKey.id, secretKey: ownerKey.secret }
const dayMs = 24 * 60 * 60 * 1000

let server: S3Server
let daemon: DaemonProcess
let client: HelperClient

beforeEach(async () => {
  server = await S3Server.start()
  const s3 = new S3Client({
    endpoint: server.endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: ownerKey.id, secretAccessKey: ownerKey.secret },
  })
  await s3.send(new CreateBucketCommand({ Bucket: 'locked', ObjectLockEnabledForBucket: true }))
  s3.destroy()
  daemon = new DaemonProcess(folder.path)
  await daemon.start()
  client = await daemon.connect()
})
afterEach(async () => {
  client.close()
  await daemon.stop()
  await server.close()
})

test('versions tell until when they are locked: as noted, and as the server says', { timeout: 180_000 }, async () => {
  const url = `s3:${server.endpoint}/locked/mine?lock=30&region=us-east-1`
  const place = { kind: 'elsewhere' as const, url, credentials: login }
  const { destination } = await client.call('destinations.create', { name: 'Cloud', place, passphrase })
  const image = join(folder.path, 'disk.img')
  await writeFile(image, randomBytes(300_000))
  const { source } = await client.call('sources.offerFile', { path: image })
  const settings = { name: 'Job', sources: [{ source, name: 'disk' }], destinations: [destination.id], schedule: null }
  const { job } = await client.call('jobs.create', { settings })
  const versions = async () => (await client.call('versions.list', {})).versions
  const daysOf = (until: string | null | undefined) => (Date.parse(until ?? '') - Date.now()) / dayMs
  const viewOf = async () => (await client.call('destinations.list', {})).destinations[0]!

  await client.call('jobs.run', { job: job.id })
  expect(await endedRun(client, job.id)).toMatchObject({ state: 'complete' })
  const [noted] = await versions()
  expect(noted!.lock).toMatchObject({ by: 'notes' })
  expect(daysOf(noted!.lock!.until)).toBeGreaterThan(29.9)
  expect((await viewOf()).askedLocks).toBeUndefined()

  const { lock } = await client.call('destinations.readLocks', { destination: destination.id })
  expect(lock).toMatchObject({ mode: 'compliance', days: 30 })
  expect(lock.askedObjects).toBeGreaterThan(5)
  const [said] = await versions()
  expect(said!.lock).toMatchObject({ by: 'server' })
  expect(daysOf(said!.lock!.until)).toBeGreaterThan(29.9)
  expect(daysOf(said!.lock!.until)).toBeLessThan(30.1)
  expect(await viewOf()).toMatchObject({ askedLocks: { lockedUntil: lock.lockedUntil, objects: lock.askedObjects } })
  expect((await viewOf()).askingLocks).toBeUndefined()

  // Whoever removes it is told as well.
  const plan = await client.call('versions.planRemoval', { destination: destination.id, versions: [said!.id] })
  const planned = [...plan.removable, ...plan.kept.map(({ version }) => version)]
  expect(planned.map(version => version.lock?.by)).toEqual(['server'])

  client.close()
  await daemon.stop()
  daemon = new DaemonProcess(folder.path)
  await daemon.start()
  client = await daemon.connect()
  expect((await versions())[0]!.lock).toEqual(said!.lock)
})

test('a destination without locks says so', { timeout: 60_000 }, async () => {
  const place = { kind: 'elsewhere' as const, url: `b2:lab/mine?endpoint=${server.endpoint}`, credentials: login }
  const { destination } = await client.call('destinations.create', { name: 'Cloud', place, passphrase })
  const asking = client.call('destinations.readLocks', { destination: destination.id })
  await expect(asking).rejects.toMatchObject({ code: 'config.notFound' })
  await client.call('destinations.stopReadingLocks', { destination: destination.id })
})
