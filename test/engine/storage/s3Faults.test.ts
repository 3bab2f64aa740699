import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../../engine/base/clock.ts'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import { seededRandom } from '../../../engine/demo/seededRandom.ts'
import type { Session } from '../../../engine/engineApi.ts'
import { FaultProxy } from '../../support/faultProxy.ts'
import { drawSchedule } from '../../support/faultSchedules.ts'
import { drawSeed } from '../../support/killing.ts'
import { LeapingClock } from '../../support/leapingClock.ts'
import { changedImage, mixedImage, randomImage, writeImage } from '../../support/mixedImage.ts'
import { expectNothingLost, expectRestores, hashFile, originalOf } from '../../support/repositoryAttack.ts'
import { S3Server } from '../../support/s3Server.ts'
import { createIn, newStateDir, openBucket, sessionOn } from '../../support/s3World.ts'
import { isEveryCaseAsked } from '../../support/someCases.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const seed = drawSeed('faults of S3')
const blockSizeBytes = 16 * 1024
const schedules = isEveryCaseAsked ? 200 : 15
/** After this long without a byte a connection counts as dead here; in earnest it is a minute. */
const idleMs = 400

let server: S3Server
beforeAll(async () => {
  server = await S3Server.start()
})
afterAll(() => server.close())

const proxies: FaultProxy[] = []
afterEach(async () => {
  for (const proxy of proxies.splice(0)) await proxy.close()
})

async function proxied(): Promise<FaultProxy> {
  const proxy = await FaultProxy.start(server.port)
  proxies.push(proxy)
  return proxy
}

async function using<T>(opening: Promise<Session>, use: (session: Session) => Promise<T>): Promise<T> {
  const session = await opening
  try {
    return await use(session)
  } finally {
    await session.close()
  }
}

/** What a run ends with when it does not go well. */
const allowed = [
  'storage.unreachable',
  'storage.throttled',
  'storage.failed',
  'storage.authFailed',
  'storage.clockSkewed',
  'storage.full',
  'storage.deleteRefused',
]

function expectClear(error: unknown): void {
  expect(error).toBeInstanceOf(HoldfastError)
  const { code, message, advice } = error as HoldfastError
  expect(allowed, `${code}: ${message}`).toContain(code)
  expect(message).toMatch(/^\S.*\.$/s)
  expect(advice).toMatch(/\S/)
}

describe('backups and restores through a network at its worst', () => {
  const images = [mixedImage(700_000, 'faults')]
  images.push(changedImage(images[0]!, 'faults 1', 20))
  const tally = { stored: 0, failed: 0, restored: 0 }
  const kinds = new Map<string, number>()

  test.each(Array.from({ length: schedules }, (_, index) => index))(
    'schedule %i: nothing that is reported done is not, and what fails can be done again',
    async index => {
      const random = seededRandom(`${seed} ${index}`)
      const place = `schedule-${index}`
      const direct = () => openBucket(server.url(place), systemClock)
      const state = await newStateDir(folder.path)
      const paths = images.map((_, n) => join(folder.path, `image-${n}`))
      for (const [n, path] of paths.entries()) await writeImage(path, images[n]!)
      const [before, after] = images.map(originalOf)
      await createIn(await openBucket(server.url(place), systemClock, 'nothing'), state, blockSizeBytes)
      const first = await using(sessionOn(await direct(), state), session =>
        session.backup(paths[0]!, { name: 'disk' }),
      )

      const proxy = await proxied()
      const { plan, ends } = drawSchedule(random)
      proxy.plan = plan
      let stored: string | undefined
      const target = join(folder.path, 'restored')
      try {
        const url = `s3:${proxy.endpoint}/lab/${place}`
        const session = await sessionOn(await openBucket(url, new LeapingClock(), 'folder', idleMs), state)
        try {
          const result = await session.backup(paths[1]!, { name: 'disk' })
          if (result.status === 'complete') stored = result.version
          const restored = await session.restore(random.below(2) === 0 ? first.version : result.version, target, {})
          expect(restored.damaged).toEqual([])
          const original = restored.version === first.version ? before! : after!
          expect(await hashFile(target)).toBe(original.sha256)
          tally.restored++
        } finally {
          await session.close()
        }
      } catch (error) {
        expectClear(error)
        tally.failed++
        if (!ends) console.log(`schedule ${index} ended with ${(error as HoldfastError).code}`)
      }
      await rm(target, { force: true })
      for (const [kind, count] of proxy.done) kinds.set(kind, (kinds.get(kind) ?? 0) + count)
      if (stored !== undefined) tally.stored++

      // Half of the time on a computer that never saw the repository.
      const cleanState = random.below(2) === 0 ? state : await newStateDir(folder.path)
      await using(sessionOn(await direct(), cleanState), async session => {
        const listed = await session.versions()
        if (stored !== undefined) expect(listed.map(({ id }) => id as string)).toContain(stored)
        for (const { id, status } of listed) {
          if (status === 'complete')
            await expectRestores(session, id, id === first.version ? before! : after!, folder.path)
        }
        const again = await session.backup(paths[1]!, { name: 'disk' })
        expect(again.status).toBe('complete')
        await expectRestores(session, again.version, after!, folder.path)
        await expectNothingLost(session)
      })
    },
  )

  test('met every kind of fault, and let runs succeed as well as fail', () => {
    console.log(`faults of S3: ${JSON.stringify({ ...tally, ...Object.fromEntries(kinds) })}`)
    expect(tally.restored).toBeGreaterThan(schedules / 4)
    expect(tally.failed).toBeGreaterThan(0)
    // A few schedules need not draw every kind.
    expect(kinds.size).toBeGreaterThanOrEqual(isEveryCaseAsked ? 6 : 3)
  })
})

describe('a network that is away for a minute', () => {
  test('in the middle of a backup is waited for, and the run goes on by itself', async () => {
    const state = await newStateDir(folder.path)
    const path = join(folder.path, 'disk.img')
    const image = randomImage(48 << 20, 'cut')
    await writeImage(path, image)
    const clock = fastClock(100)
    await createIn(await openBucket(server.url('cut'), systemClock, 'nothing'), state, blockSizeBytes)
    const proxy = await proxied()
    const storage = await openBucket(`s3:${proxy.endpoint}/lab/cut`, clock, 'folder')
    await using(sessionOn(storage, state), async session => {
      let mended: Promise<void> | undefined
      let packs = 0
      proxy.plan = ({ method, path }) => {
        if (method !== 'PUT' || !path.includes('/packs/') || ++packs !== 2 || mended !== undefined) return undefined
        proxy.cut()
        mended = clock.sleep(90_000).then(() => proxy.mend())
        return { kind: 'reset', when: 'request' }
      }
      const { version, status } = await session.backup(path, { name: 'disk' })
      expect(mended).toBeDefined()
      expect(status).toBe('complete')
      await expectRestores(session, version, originalOf(image), folder.path)
      await expectNothingLost(session)
    })
  })
})

/** The real clock, on which everything takes so many times less. */
function fastClock(factor: number) {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now() * factor,
    sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / factor, signal),
  }
}
