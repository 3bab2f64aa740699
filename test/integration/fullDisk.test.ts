import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createEngine } from '../../engine/engine.ts'
import type { Session } from '../../engine/engineApi.ts'
import { mixedImage, randomImage, writeImage } from '../support/mixedImage.ts'
import { type RealMount, tryMount } from '../support/realMount.ts'
import { attackSecret, expectNothingLost, expectRestores, originalOf } from '../support/repositoryAttack.ts'

const isCi = process.env.CI === 'true' || process.env.CI === '1'

/** Why small file systems of our own cannot be had here; undefined when they can. */
const noMounts = await (async () => {
  if (process.getuid?.() !== 0) return 'not root'
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-'))
  const mounted = await tryMount('tmpfs', join(folder, 'try'))
  if (typeof mounted !== 'string') await mounted.unmount()
  await rm(folder, { recursive: true })
  return typeof mounted === 'string' ? mounted : undefined
})()
if (noMounts !== undefined) console.warn(`Tests on full disks are skipped: ${noMounts}`)

test.skipIf(!isCi || process.getuid?.() !== 0)('root in CI can mount', () => {
  expect(noMounts).toBeUndefined()
})

describe.skipIf(noMounts !== undefined).each(['tmpfs', 'ext4'] as const)('a drive (%s) that is full', kind => {
  let folder = ''
  let drive: RealMount
  let session: Session
  let source = ''
  const first = mixedImage(900_000, 'first')
  let firstVersion = ''
  const ballast = () => join(drive.path, 'ballast')

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-full-'))
    source = join(folder, 'source')
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  beforeEach(async () => {
    const mounted = await tryMount(kind, join(folder, 'drive'))
    if (typeof mounted === 'string') throw new Error(mounted)
    drive = mounted
    const engine = createEngine({ stateDir: await mkdtemp(join(folder, 'state-')) })
    await engine.init(join(drive.path, 'repository'), attackSecret)
    session = await engine.open(join(drive.path, 'repository'), attackSecret)
    await writeImage(source, first)
    firstVersion = (await session.backup(source, { name: 'disk' })).version
  })
  afterEach(async () => {
    await session.close()
    await drive.detach()
    await rm(join(folder, 'drive'), { recursive: true })
    await rm(join(folder, 'drive.img'), { force: true })
  })

  /** Fills the drive until only about this many bytes are left for others. */
  async function leave(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(drive.path)
    const size = Math.max(0, Math.floor((bavail * bsize - bytes) / bsize) * bsize)
    await writeFile(ballast(), Buffer.alloc(size, 1)).catch(error => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    })
  }

  async function expectFull(run: Promise<unknown>): Promise<void> {
    await expect(run).rejects.toMatchObject({
      code: 'storage.full',
      message: expect.stringContaining(`no room left at ${drive.path}`),
      advice: expect.stringMatching(/make room/i),
    })
  }

  test('fails the backup clearly, keeps earlier versions, and takes the same backup when there is room', async () => {
    await leave(2_500_000)
    const image = randomImage(3_600_000, 'does not fit')
    await writeImage(source, image)
    await expectFull(session.backup(source, { name: 'disk' }))
    expect((await session.versions()).map(version => version.id)).toEqual([firstVersion])
    await expectRestores(session, firstVersion, originalOf(first), folder)
    await rm(ballast())
    const { version, status } = await session.backup(source, { name: 'disk' })
    expect(status).toBe('complete')
    await expectRestores(session, version, originalOf(image), folder)
    await expectRestores(session, firstVersion, originalOf(first), folder)
    await expectNothingLost(session)
  })

  test('wherever in the run it fills up', async () => {
    const image = randomImage(400_000, 'small')
    await writeImage(source, image)
    let failures = 0
    for (const bytes of [0, 4096, 12_288, 40_960, 300_000, 410_000, 416_000, 424_000, 432_000, 448_000]) {
      await leave(bytes)
      const made = await session.backup(source, { name: 'disk' }).catch(error => {
        expect(error).toMatchObject({ code: 'storage.full' })
        failures++
      })
      await expectRestores(session, firstVersion, originalOf(first), folder)
      await rm(ballast())
      await expectNothingLost(session)
      if (!made) continue
      await expectRestores(session, made.version, originalOf(image), folder)
      await session.remove([made.version], {})
      await session.prune({})
    }
    expect(failures).toBeGreaterThan(3)
    const { version } = await session.backup(source, { name: 'disk' })
    await expectRestores(session, version, originalOf(image), folder)
  })

  test('to the last byte still gives back what it holds', async () => {
    await leave(0)
    const fresh = createEngine({ stateDir: await mkdtemp(join(folder, 'state-')) })
    const other = await fresh.open(join(drive.path, 'repository'), attackSecret)
    await expectRestores(other, firstVersion, originalOf(first), folder)
    await other.close()
  })

  test('gets room by removing a version and pruning, or by growing', async () => {
    await leave(2_500_000)
    const image = randomImage(3_000_000, 'does not fit either')
    await writeImage(source, image)
    await expectFull(session.backup(source, { name: 'disk' }))
    await session.remove([firstVersion], {})
    expect((await session.prune({})).freedBytes).toBeGreaterThan(400_000)
    if (kind === 'tmpfs') await drive.remount('remount,size=32m')
    else await rm(ballast())
    const { version } = await session.backup(source, { name: 'disk' })
    await expectRestores(session, version, originalOf(image), folder)
    await expectNothingLost(session)
  })
})
