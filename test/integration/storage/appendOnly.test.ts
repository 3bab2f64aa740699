import { hostname } from 'node:os'
import { join } from 'node:path'
import { DeleteBucketPolicyCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemClock } from '../../../engine/base/clock.ts'
import { createEngine } from '../../../engine/engine.ts'
import type { Session } from '../../../engine/engineApi.ts'
import { newRun, runJob } from '../../../engine/helper/jobRun.ts'
import { runInProcess } from '../../support/cliWorld.ts'
import { everyDailyOperation, expectRefusals } from '../../support/dailyOperations.ts'
import { makeDestination, makeJob } from '../../support/jobs.ts'
import { mixedImage, writeImage } from '../../support/mixedImage.ts'
import { missingRadosgw, Radosgw } from '../../support/radosgw.ts'
import { attackSecret, expectRestores, originalOf } from '../../support/repositoryAttack.ts'
import { ownerKey, S3Server, type ServerKey, testBucket } from '../../support/s3Server.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

/** The key of a computer that backs up, which may fall into wrong hands. */
const dailyKey: ServerKey = { id: 'DAILYKEY', secret: 'daily/secret+2', mayDelete: false }

const folder = useTemporaryFolder()
let server: S3Server
const sessions: Session[] = []

beforeEach(async () => {
  server = await S3Server.start({ keys: [ownerKey, dailyKey] })
})
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const session of sessions.splice(0)) await session.close()
  await server.close()
})

const credentialsOf = ({ id, secret }: ServerKey) => ({ kind: 's3' as const, keyId: id, secretKey: secret })
const engineOf = (computer: string) => createEngine({ stateDir: join(folder.path, `state-${computer}`) })

async function openWith(key: ServerKey, computer = key.id): Promise<Session> {
  const session = await engineOf(computer).open(server.url('disk'), attackSecret, { credentials: credentialsOf(key) })
  sessions.push(session)
  return session
}

const removals = () => server.log.filter(({ method, query }) => method === 'DELETE' || /(^|&)delete=/.test(query))
const storedNames = () => [...server.objects.keys()].filter(name => !name.includes('/locks/')).sort()

test('every daily operation works with a key that may not remove, and whatever it would remove is refused', async () => {
  await engineOf('here').init(server.url('disk'), attackSecret, { credentials: credentialsOf(dailyKey) })
  const session = await openWith(dailyKey)
  const { one, two, second, added } = await everyDailyOperation(session, folder.path)
  const sent = removals()
  expect(sent.length).toBeGreaterThan(0)
  expect(sent.filter(({ status }) => status !== 403)).toEqual([])

  const before = storedNames()
  await expectRefusals(session, one.version, added.key.id)
  expect(storedNames()).toEqual(before)
  expect(removals().filter(({ status }) => status !== 403)).toEqual([])

  // The owner waits for nobody, and leaves nothing behind of all those locks.
  const owner = await openWith(ownerKey)
  await owner.remove([one.version], {})
  expect(await owner.prune({})).toMatchObject({ waitingPacks: 0 })
  await owner.removeKey(added.key.id)
  await expectRestores(owner, two.version, originalOf(second), folder.path)
  expect([...server.objects.keys()].filter(name => name.includes('/locks/'))).toEqual([])
})

test('the command line says that the key of the owner is needed, with exit code 77', async () => {
  await engineOf('here').init(server.url('disk'), attackSecret, { credentials: credentialsOf(ownerKey) })
  const session = await openWith(dailyKey)
  const { code, stderr } = await runInProcess(['prune'], { session: { prune: options => session.prune(options) } })
  expect(code).toBe(77)
  expect(stderr).toContain('key of the owner')
  expect(stderr).toContain('--credentials-file')
})

test('a version that is open with such a key holds its owner up until the moment it is closed', async () => {
  await engineOf('here').init(server.url('disk'), attackSecret, { credentials: credentialsOf(ownerKey) })
  const daily = await openWith(dailyKey)
  const path = join(folder.path, 'disk.img')
  await writeImage(path, mixedImage(1_000_000, 'held'))
  const { version } = await daily.backup(path, { name: 'disk' })
  const disk = await daily.openExport(version)
  const owner = await openWith(ownerKey)
  await owner.remove([version], {})
  // Open there: what it needs stays, until that moment it is closed.
  expect((await owner.prune({})).waitingPacks).toBeGreaterThan(0)
  await disk.close()
  expect((await owner.prune({})).waitingPacks).toBe(0)
  expect([...server.objects.keys()].some(name => name.includes('/packs/'))).toBe(false)
})

test('a job with such a key is complete: what would make space is left to the owner, and its log says so', async () => {
  vi.stubEnv('HOLDFAST_S3_KEY_ID', dailyKey.id)
  vi.stubEnv('HOLDFAST_S3_SECRET_KEY', dailyKey.secret)
  const engine = engineOf('job')
  const { repositoryId } = await engine.init(server.url('disk'), attackSecret)
  const path = join(folder.path, 'disk.img')
  const destination = makeDestination({ name: 'cloud', url: server.url('disk'), repositoryId })
  const job = makeJob({
    sources: [{ path, device: null, name: 'disk' }],
    destinations: [destination.id],
    retention: 'latest1',
  })
  const lines: string[] = []
  const done: string[] = []
  for (const round of [1, 2]) {
    await writeImage(path, mixedImage(1_000_000, round))
    const run = newRun(job, destination, 'manual', Date.now())
    await runJob(
      job,
      destination,
      run,
      {
        engine,
        clock: systemClock,
        host: hostname(),
        sourcePath: source => source.path,
        connector: { connect: async ({ url }) => ({ url, secret: attackSecret, release: async () => [] }) },
        upkeep: () => ({ prune: true, scrubPercent: 100 }),
        upkeepDone: (_id, what) => void done.push(what),
        hook: async () => [],
        ended: async () => undefined,
        changed: () => undefined,
        progress: () => undefined,
        log: (_run, level, text) => void lines.push(`${level}: ${text}`),
      },
      new AbortController().signal,
    )
    expect(run).toMatchObject({ state: 'complete', warnings: [], error: null })
  }
  expect(lines.filter(line => line.includes('space is made by the owner')).length).toBeGreaterThan(0)
  expect(lines.filter(line => !line.startsWith('info: '))).toEqual([])
  expect(done).toEqual(['scrub', 'scrub'])
})

const why = missingRadosgw()

test.skipIf(why)(
  `the same on radosgw, where a policy of the bucket denies it${why ? ` (skipped: ${why})` : ''}`,
  async () => {
    const radosgw = await Radosgw.start()
    const client = radosgw.client()
    try {
      const deny = {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Deny',
            Principal: '*',
            Action: ['s3:DeleteObject', 's3:DeleteObjectVersion'],
            Resource: `arn:aws:s3:::${testBucket}/*`,
          },
        ],
      }
      await client.send(new PutBucketPolicyCommand({ Bucket: testBucket, Policy: JSON.stringify(deny) }))
      const access = { credentials: radosgw.credentials }
      await engineOf('here').init(radosgw.url('disk'), attackSecret, access)
      const session = await engineOf('here').open(radosgw.url('disk'), attackSecret, access)
      sessions.push(session)
      const { one, two, second, added } = await everyDailyOperation(session, folder.path)
      await expectRefusals(session, one.version, added.key.id)
      await client.send(new DeleteBucketPolicyCommand({ Bucket: testBucket }))
      await session.remove([one.version], {})
      expect(await session.prune({})).toMatchObject({ waitingPacks: 0 })
      await expectRestores(session, two.version, originalOf(second), folder.path)
    } finally {
      client.destroy()
      for (const session of sessions.splice(0)) await session.close()
      await radosgw.close()
    }
  },
)
