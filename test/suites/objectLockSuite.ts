import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createEngine } from '../../engine/engine.ts'
import type { Session } from '../../engine/engineApi.ts'
import { LeapingClock } from '../support/leapingClock.ts'
import { changedImage, mixedImage, randomImage, writeImage } from '../support/mixedImage.ts'
import { clientOf } from '../support/radosgw.ts'
import { attackSecret, expectRestores, originalOf } from '../support/repositoryAttack.ts'
import { useTemporaryFolder } from '../support/temporaryFolder.ts'
import type { RunningServer } from './s3ServerSuite.ts'

const dayMs = 24 * 60 * 60 * 1000
const Bucket = 'locked'

export interface LockingServer extends RunningServer {
  /** Lets locks run out that end before this moment; undefined where nobody can. */
  letPass?: (now: number) => void
}

/** What object lock promises, from the engine down to a server: nothing that versions need can be removed by anybody's key. */
export function describeObjectLock(name: string, start: () => Promise<LockingServer>): void {
  describe(`object lock on ${name}`, () => {
    const folder = useTemporaryFolder()
    let server: LockingServer
    let client: S3Client
    let clock: LeapingClock
    let places = 0
    let prefix = ''
    const sessions: Session[] = []
    beforeAll(async () => {
      server = await start()
      client = clientOf(server.endpoint, server.credentials)
      await client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }))
    })
    afterAll(async () => {
      client?.destroy()
      await server?.close()
    })
    beforeEach(() => {
      prefix = `place${places++}`
      clock = new LeapingClock(Date.now())
    })
    afterEach(async () => {
      for (const session of sessions.splice(0)) await session.close()
    })

    const urlOf = (options: string, bucket = Bucket) => `s3:${server.endpoint}/${bucket}/${prefix}?${options}`
    const access = () => ({ credentials: { kind: 's3' as const, ...server.credentials } })
    const engineOf = (computer: string) => createEngine({ stateDir: join(folder.path, `state-${computer}`), clock })
    const openOn = async (computer: string, options = 'lock=30') => {
      const session = await engineOf(computer).open(urlOf(options), attackSecret, access())
      sessions.push(session)
      return session
    }
    const begin = async (options = 'lock=30') => {
      await engineOf('here').init(urlOf(options), attackSecret, access())
      return await openOn('here', options)
    }
    const imageAt = async (image: Buffer) => {
      const path = join(folder.path, 'disk.img')
      await writeImage(path, image)
      return path
    }
    const keys = async () => {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket, Prefix: `${prefix}/` }))
      return Contents.map(({ Key }) => Key!)
    }
    /** In whole seconds, as not every server has more. */
    const lockOf = async (Key: string) => {
      const head = await client.send(new HeadObjectCommand({ Bucket, Key }))
      const until = head.ObjectLockRetainUntilDate?.getTime()
      return { mode: head.ObjectLockMode, days: until && (until - clock.now()) / dayMs }
    }
    const versions = async () => {
      const page = await client.send(new ListObjectVersionsCommand({ Bucket, Prefix: `${prefix}/` }))
      const { Versions = [], DeleteMarkers = [] } = page
      return { objects: Versions, markers: DeleteMarkers }
    }

    it('locks all that must last, and no locks of runs, for as many days as the place says', async () => {
      const session = await begin('lock=30&lock-mode=governance')
      await session.backup(await imageAt(mixedImage(3_000_000, 'locked')), { name: 'disk' })
      const held = await session.openExport('latest')
      const all = await keys()
      const folders = new Set(all.map(key => key.split('/')[1]))
      expect([...folders].sort()).toEqual(['config', 'copies', 'index', 'keys', 'locks', 'packs', 'versions'])
      for (const key of all) {
        const { mode, days } = await lockOf(key)
        if (key.includes('/locks/')) expect(mode, key).toBeUndefined()
        else {
          expect(mode, key).toBe('GOVERNANCE')
          expect(days, key).toBeGreaterThan(29.9)
          expect(days, key).toBeLessThan(30.1)
        }
      }
      await held.close()
    })

    it('refuses a bucket without object lock, and says what to do', async () => {
      const made = engineOf('here').init(urlOf('lock=30', 'lab'), attackSecret, access())
      await expect(made).rejects.toMatchObject({
        code: 'storage.noObjectLock',
        message: expect.stringContaining('object lock'),
      })
      const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: 'lab', Prefix: `${prefix}/` }))
      expect(Contents ?? []).toEqual([])
    })

    it('gives all back from a moment before somebody removed and overwrote everything with the key of this computer', async () => {
      const session = await begin()
      const first = mixedImage(4_000_000, 'before the theft')
      const second = changedImage(first, 'before the theft, later')
      const one = await session.backup(await imageAt(first), { name: 'disk' })
      clock.advance(60_000)
      const two = await session.backup(await imageAt(second), { name: 'disk' })
      await session.close()
      sessions.length = 0
      // Some servers tell times in whole seconds.
      await delay(1500)
      const at = new Date().toISOString()
      await delay(1500)

      for (const Key of await keys()) {
        await client.send(new PutObjectCommand({ Bucket, Key, Body: 'garbage' }))
        await client.send(new DeleteObjectCommand({ Bucket, Key }))
      }
      let refused = 0
      const { objects, markers } = await versions()
      for (const { Key, VersionId } of [...markers, ...objects]) {
        const removal = client.send(new DeleteObjectCommand({ Bucket, Key, VersionId }))
        refused += await removal.then(
          () => 0,
          error => Number(error.$metadata?.httpStatusCode === 403),
        )
      }
      // In compliance mode nothing helps, not even the key of the owner.
      const [locked] = (await versions()).objects
      const shorten = client.send(
        new PutObjectRetentionCommand({
          Bucket,
          Key: locked!.Key,
          VersionId: locked!.VersionId,
          Retention: { Mode: 'COMPLIANCE', RetainUntilDate: new Date(Date.now() + dayMs) },
          BypassGovernanceRetention: true,
        }),
      )
      await expect(shorten).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } })
      for (const { Key, VersionId } of (await versions()).markers) {
        await client.send(new DeleteObjectCommand({ Bucket, Key, VersionId }))
      }
      for (const Key of await keys()) await client.send(new PutObjectCommand({ Bucket, Key, Body: 'garbage' }))
      expect(refused).toBeGreaterThan(8)
      await expect(openOn('elsewhere')).rejects.toBeDefined()

      const past = await openOn('never seen', `at=${at}`)
      expect((await past.versions()).map(({ id }) => id)).toEqual([one.version, two.version])
      await expectRestores(past, one.version, originalOf(first), folder.path)
      await expectRestores(past, two.version, originalOf(second), folder.path)
      const more = past.backup(await imageAt(first), { name: 'disk' })
      await expect(more).rejects.toMatchObject({ code: 'storage.readOnly' })
      const before = await openOn('never seen', `at=${new Date(Date.now() - 400 * dayMs).toISOString()}`).catch(e => e)
      expect(before).toMatchObject({ code: 'repository.notFound' })
    })

    it('extends what versions need before two thirds of its days are left, and lets the rest run out', async () => {
      const session = await begin()
      const first = await session.backup(await imageAt(randomImage(2_000_000, 'old')), { name: 'disk' })
      const oldPacks = (await keys()).filter(key => key.includes('/packs/'))
      await session.backup(await imageAt(randomImage(2_000_000, 'new')), { name: 'disk' })
      const needed = (await keys()).filter(key => key.includes('/packs/') && !oldPacks.includes(key))
      expect(await session.extendLocks()).toMatchObject({ mode: 'compliance', days: 30, asked: 0, extended: 0 })
      await session.remove([first.version], {})
      clock.advance(11 * dayMs)
      expect((await session.stats()).lock!.lockedUntil).toMatch(/^\d{4}-/)
      const extended = await session.extendLocks()
      expect(extended.extended).toBe(extended.objects)
      expect(extended.asked).toBe(extended.objects)
      for (const key of needed) expect((await lockOf(key)).days, key).toBeGreaterThan(29.9)
      for (const key of oldPacks) expect((await lockOf(key)).days, key).toBeLessThan(19.1)
      const { lock: noted } = await session.stats({ locks: 'known' })
      expect(noted).toMatchObject({ mode: 'compliance', days: 30, askedObjects: 0, versions: [{ name: 'disk' }] })
      expect(noted!.versions[0]!.lockedUntil).toBe(noted!.lockedUntil)
      expect((Date.parse(noted!.lockedUntil!) - clock.now()) / dayMs).toBeCloseTo(30, 1)
      // Proof by the server: also on a computer that has never seen it.
      const other = await openOn('elsewhere')
      expect((await other.stats({ locks: 'known' })).lock).toMatchObject({ lockedUntil: null, askedObjects: 0 })
      const { lock } = await other.stats()
      expect(lock).toMatchObject({ mode: 'compliance', days: 30, versions: [{ name: 'disk' }] })
      const left = (Date.parse(lock!.lockedUntil!) - clock.now()) / dayMs
      expect(left).toBeGreaterThan(29.9)
      expect(left).toBeLessThan(30.1)
      expect(lock!.versions[0]!.lockedUntil).toBe(lock!.lockedUntil)
      const told: [number, number][] = []
      expect(await other.locks({ onAsked: (asked, objects) => told.push([asked, objects]) })).toEqual(lock)
      expect([told[0], told.at(-1)]).toEqual([
        [0, lock!.askedObjects],
        [lock!.askedObjects, lock!.askedObjects],
      ])
      const stop = new AbortController()
      const stopped = other.locks({ signal: stop.signal, onAsked: asked => asked > 1 && stop.abort() })
      await expect(stopped).rejects.toMatchObject({ code: 'run.cancelled' })
      // It does not know the dates, asks for them, and finds nothing to do.
      expect(await (await openOn('third')).extendLocks()).toMatchObject({ extended: 0 })
    })

    it('extends the locks of what a backup takes over from versions that are long there', async () => {
      const session = await begin()
      const path = await imageAt(randomImage(2_000_000, 'same'))
      await session.backup(path, { name: 'disk' })
      const old = (await keys()).filter(key => key.includes('/packs/'))
      clock.advance(12 * dayMs)
      const { warnings, lockedUntil } = await session.backup(path, { name: 'disk' })
      expect(warnings).toEqual([])
      expect((Date.parse(lockedUntil!) - clock.now()) / dayMs).toBeGreaterThan(29.9)
      for (const key of old) expect((await lockOf(key)).days, key).toBeGreaterThan(29.9)
    })

    it('says until when what was removed takes room, and prunes it after that', async () => {
      const session = await begin()
      const one = await session.backup(await imageAt(randomImage(1_500_000, 'gone')), { name: 'disk' })
      const image = randomImage(1_500_000, 'stays')
      const two = await session.backup(await imageAt(image), { name: 'disk' })
      await session.remove([one.version], {})
      const pruned = await session.prune({})
      expect(pruned.deletedPacks).toBeGreaterThan(0)
      // Of all that went, only locks of runs and the like could really go.
      expect(pruned.freedBytes).toBeLessThan(10_000)
      expect(pruned.locked!.sizeBytes).toBeGreaterThan(1_500_000)
      expect(Math.abs(Date.parse(pruned.locked!.until) - clock.now() - 30 * dayMs)).toBeLessThan(dayMs / 10)
      await expectRestores(session, two.version, originalOf(image), folder.path)
      if (!server.letPass) return
      clock.advance(31 * dayMs)
      server.letPass(clock.now())
      const later = await session.prune({})
      expect(later.freedBytes).toBeGreaterThan(1_500_000)
      expect(later.locked).toBeUndefined()
      // The lock of that very prune went after it had looked.
      const isLock = ({ Key = '' }) => Key.includes('/locks/')
      const { objects, markers } = await versions()
      expect(markers.filter(marker => !isLock(marker))).toEqual([])
      expect(objects.filter(object => !isLock(object)).every(({ IsLatest }) => IsLatest)).toBe(true)
      await expectRestores(session, two.version, originalOf(image), folder.path)
    })

    it('answers as S3 does: what is put under a lock is held to its hash, and its retention can be read', async () => {
      const Key = `${prefix}/one`
      const until = new Date(Math.ceil((Date.now() + dayMs) / 1000) * 1000)
      const put = (of: string) =>
        client.send(
          new PutObjectCommand({
            Bucket,
            Key,
            Body: 'one',
            ObjectLockMode: 'COMPLIANCE',
            ObjectLockRetainUntilDate: until,
            ContentMD5: createHash('md5').update(of).digest('base64'),
          }),
        )
      await expect(put('two')).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } })
      await put('one')
      const { Retention } = await client.send(new GetObjectRetentionCommand({ Bucket, Key }))
      expect(Retention).toMatchObject({ Mode: 'COMPLIANCE', RetainUntilDate: until })
    })
  })
}
