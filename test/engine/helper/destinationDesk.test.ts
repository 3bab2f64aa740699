import { afterEach, beforeEach, expect, test } from 'vitest'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import type { DriveMounter } from '../../../engine/drives/driveMounter.ts'
import { DestinationDesk } from '../../../engine/helper/destinationDesk.ts'
import { keepCredentials } from '../../../engine/helper/storageLogin.ts'
import { MemorySecrets } from '../../../engine/secrets/memorySecrets.ts'
import { driveId, listeningLogger } from '../../support/fakeDrives.ts'
import { FakeTime } from '../../support/fakeTime.ts'
import { openJobStores } from '../../support/jobStores.ts'
import { makeDestination } from '../../support/jobs.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const drive = driveId('usb')
const never = new AbortController().signal
let stores: ReturnType<typeof openJobStores>
const login = { kind: 's3', keyId: 'id', secretKey: 'secret' } as const
let done: string[]
let desk: DestinationDesk
let secrets: MemorySecrets
let clock: FakeTime

/** A drive that is mounted when somebody wants it, and tells what is done with it. */
const mounter = {
  mountFor: async () => {
    done.push('mount')
    return { state: 'connected', path: '/mnt/usb', drive }
  },
  release: async () => {
    done.push('unmount')
    return true
  },
  eject: async () => {
    done.push('eject')
    return { unmounted: [], poweredOff: true, note: null }
  },
} as unknown as DriveMounter

const bucket = makeDestination({
  name: 'Cloud',
  url: 'b2:bucket/prefix',
  limits: { write: 5000, read: null, hours: [] },
})
const destination = makeDestination({ url: '/mnt/usb', ejectAfterBackup: true, mayMount: true })

beforeEach(async () => {
  done = []
  stores = openJobStores(folder.path)
  stores.destinations.put(destination)
  stores.destinations.put(bucket)
  secrets = new MemorySecrets()
  clock = new FakeTime(Date.UTC(2026, 0, 1))
  await secrets.put(bucket.id, 'passphrase', Buffer.from('open sesame'))
  await keepCredentials(secrets, bucket.id, login)
  await secrets.put(destination.id, 'passphrase', Buffer.from('open sesame'))
  const { logger } = listeningLogger()
  desk = new DestinationDesk({ destinations: stores.destinations, secrets, mounter, clock, logger })
})
afterEach(() => void stores.db.close())

test('a drive is ejected after a backup, and only let go of after a look', async () => {
  await (await desk.connect(destination, never, { stays: true })).release()
  expect(done).toEqual(['mount', 'unmount'])
  await (await desk.connect(destination, never)).release()
  expect(done.slice(2)).toEqual(['mount', 'eject'])
})

test('a drive that two use is let go of by the last one, and then ejected if one of them was a backup', async () => {
  const backup = await desk.connect(destination, never)
  const look = await desk.connect(destination, never, { stays: true })
  await backup.release()
  expect(done).toEqual(['mount', 'mount'])
  await look.release()
  expect(done).toEqual(['mount', 'mount', 'eject'])
})

test('nothing is unmounted under somebody who is about to be told that it is there', async () => {
  const look = () => desk.connect(destination, never, { stays: true })
  for (const ticks of [0, 1, 2, 5, 10]) {
    const first = await look()
    const coming = look()
    for (let i = 0; i < ticks; i++) await Promise.resolve()
    const [second] = await Promise.all([coming, first.release()])
    expect(done.at(-1)).toBe('mount')
    await second.release()
    expect(done.at(-1)).toBe('unmount')
  }
})

const unreachable = new HoldfastError('storage.unreachable', 'It does not answer.', { retryable: true })

test('a bucket is opened with what is kept for it, and limited as it says', async () => {
  const { url, secret, credentials, limits, release } = await desk.connect(bucket, never)
  expect({ url, secret, credentials, limits }).toEqual({
    url: bucket.url,
    secret: { kind: 'passphrase', passphrase: 'open sesame' },
    credentials: login,
    limits: { writeLimit: 5000 },
  })
  expect(await release()).toEqual([])
  expect(done).toEqual([])
})

test('credentials that cannot be read are told of without them', async () => {
  await secrets.put(bucket.id, 'storage-credentials', Buffer.from('{"kind":"s3","secretKey":"hush'))
  const error = await desk.connect(bucket, never).catch(error => error)
  expect(error).toMatchObject({ code: 'secrets.unavailable' })
  expect(JSON.stringify(error.toWire())).not.toContain('hush')
})

test('a bucket counts as connected until it does not answer, and is then waited for', async () => {
  expect(desk.state(bucket)).toMatchObject({ state: 'connected', path: bucket.url })
  expect(desk.reach(bucket)).toMatchObject({ isLocal: false, offline: null })
  const connection = await desk.connect(bucket, never)
  connection.tried?.(unreachable)
  expect(desk.state(bucket)).toMatchObject({ state: 'unreachable', reason: 'network' })
  expect(desk.reach(bucket).offline).toEqual({ label: 'Cloud', retryAt: clock.now() + 60_000 })
  desk.noteRoutes('')
  desk.noteRoutes('wlan0 0101A8C0')
  expect(desk.reach(bucket).offline).toEqual({ label: 'Cloud', retryAt: clock.now() })
  connection.tried?.()
  expect(desk.state(bucket).state).toBe('connected')
  expect(stores.destinations.find(bucket.id)?.lastSeenAt).toBe('2026-01-01T00:00:00.000Z')
})

test('a bucket that answers with a refusal is not offline', async () => {
  const connection = await desk.connect(bucket, never)
  connection.tried?.(unreachable)
  connection.tried?.(new HoldfastError('storage.authFailed', 'Wrong key.'))
  expect(desk.state(bucket).state).toBe('connected')
})

test('a bucket whose credentials are not kept is not opened with whatever the helper has around it', async () => {
  await secrets.forget(bucket.id, 'storage-credentials')
  await expect(desk.connect(bucket, never)).rejects.toMatchObject({ code: 'secrets.unavailable' })
})
