import { unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { BackupResult } from '../../engine/contract/models.ts'
import { seededRandom } from '../../engine/demo/seededRandom.ts'
import { createEngine } from '../../engine/engine.ts'
import type { Session } from '../../engine/engineApi.ts'
import { runBackup } from '../../engine/pipeline/backup.ts'
import { Repository } from '../../engine/repository/repository.ts'
import type { VersionRecord } from '../../engine/repository/versionRecord.ts'
import { openSource } from '../../engine/sources/open.ts'
import { storageDrivers } from '../../engine/storage/drivers.ts'
import { openStorage } from '../../engine/storage/registry.ts'
import { mixedImage, randomImage, writeImage } from '../support/mixedImage.ts'
import { flipByte, kindOf, objectsIn } from '../support/objectDamage.ts'
import { attackSecret, expectRestores, originalOf } from '../support/repositoryAttack.ts'
import { isEveryCaseAsked } from '../support/someCases.ts'
import { useTemporaryFolder } from '../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const blockBytes = 16 * 1024
let url = ''
let source = ''
let session: Session

beforeEach(async () => {
  url = join(folder.path, 'repository')
  source = join(folder.path, 'source')
  const engine = createEngine({ stateDir: join(folder.path, 'state') })
  await engine.init(url, attackSecret, { blockSizeBytes: blockBytes })
  session = await engine.open(url, attackSecret)
})
afterEach(() => session.close())

interface Hint {
  offset: number
  length: number
  exists: boolean | 'true' | 'false'
}

async function backUp(image: Buffer, hints?: Hint[], base?: string): Promise<BackupResult> {
  await writeImage(source, image)
  if (!hints) return session.backup(source, { name: 'disk' })
  const hintsPath = join(folder.path, 'hints')
  await writeFile(hintsPath, JSON.stringify(hints))
  return session.backup(source, { name: 'disk', hintsPath, ...(base === undefined ? {} : { base }) })
}

/** A change of [offset, offset + length): new bytes, or with undefined zeros, which is a discard. */
interface Change {
  offset: number
  length: number
  content: number | undefined
}

function changedBy(image: Buffer, sizeBytes: number, changes: readonly Change[]): Buffer {
  const changed = Buffer.alloc(sizeBytes)
  image.copy(changed)
  for (const { offset, length, content } of changes) {
    const part = changed.subarray(offset, offset + length)
    if (content === undefined) part.fill(0)
    else seededRandom(content).bytes(part.length).copy(part)
  }
  return changed
}

/** As `rbd diff` tells of them; what lies beyond the new end is not told. */
const hintsOf = (changes: readonly Change[], sizeBytes: number): Hint[] =>
  changes
    .map(({ offset, length, content }) => ({
      offset: Math.min(offset, sizeBytes),
      length: Math.max(0, Math.min(offset + length, sizeBytes) - offset),
      exists: content !== undefined,
    }))
    .filter(hint => hint.length > 0)

/** Around the 2 MiB that one leaf of the map spans at this block size. */
const someSize = fc.oneof(
  fc.integer({ min: 1, max: 5_000_000 }),
  fc.constantFrom(1, 128, 129, 256).map(blocks => blocks * blockBytes),
  fc.constantFrom(128, 256).map(blocks => blocks * blockBytes + 1),
)
const someChange = (sizeBytes: number) =>
  fc.record({
    offset: fc.integer({ min: 0, max: sizeBytes - 1 }),
    length: fc.oneof(fc.integer({ min: 1, max: 3 * blockBytes }), fc.integer({ min: 1, max: 2_500_000 })),
    content: fc.option(fc.nat(5), { nil: undefined }),
  })
const someHistory = fc
  .record({ seed: fc.nat(1000), sizes: fc.array(someSize, { minLength: 2, maxLength: 4 }) })
  .chain(({ seed, sizes }) =>
    fc.record({
      seed: fc.constant(seed),
      sizes: fc.constant(sizes),
      steps: fc.tuple(...sizes.slice(1).map(size => fc.array(someChange(size), { maxLength: 5 }))),
    }),
  )

describe('backups by hints', () => {
  test('hold exactly what a full copy holds, through any changes, discards, growth and shrinking', async () => {
    await fc.assert(
      fc.asyncProperty(someHistory, async ({ seed, sizes, steps }) => {
        let image = mixedImage(sizes[0]!, seed)
        let base = (await backUp(image)).version as string
        for (const [i, changes] of steps.entries()) {
          const sizeBytes = sizes[i + 1]!
          image = changedBy(image, sizeBytes, changes)
          const result = await backUp(image, hintsOf(changes, sizeBytes), base)
          expect(result).toMatchObject({ method: 'hints', hintsRejected: false, status: 'complete', sizeBytes })
          expect(result.readBytes).toBeLessThanOrEqual(sizeBytes)
          await expectRestores(session, result.version, originalOf(image), folder.path)
          base = result.version
        }
      }),
      { numRuns: isEveryCaseAsked ? 20 : 10 },
    )
  })

  test('read only what is hinted', async () => {
    const image = randomImage(4_000_000, 'base')
    const { version } = await backUp(image)
    const changes = [{ offset: 1_000_000, length: 100, content: 1 }]
    const result = await backUp(changedBy(image, image.length, changes), hintsOf(changes, image.length), version)
    expect(result.readBytes).toBe(blockBytes)
    expect(result.newBytes).toBe(blockBytes)
  })

  test('without a base take the hints for what is in use', async () => {
    const image = changedBy(Buffer.alloc(3_000_000), 3_000_000, [
      { offset: 50_000, length: 70_000, content: 1 },
      { offset: 2_990_000, length: 10_000, content: 2 },
    ])
    const result = await backUp(image, [
      { offset: 50_000, length: 70_000, exists: 'true' },
      { offset: 2_990_000, length: 10_000, exists: 'true' },
      { offset: 500_000, length: 1_000_000, exists: 'false' },
    ])
    expect(result.method).toBe('hints')
    expect(result.readBytes).toBeLessThan(200_000)
    await expectRestores(session, result.version, originalOf(image), folder.path)
  })

  test('without a base, changes are no list of what is in use: that is found out, and everything is read', async () => {
    const image = randomImage(3_000_000, 'forgotten')
    await backUp(image)
    for (const hints of [[], [{ offset: 1_000_000, length: 100_000, exists: true }]]) {
      const result = await backUp(image, hints)
      expect(result).toMatchObject({ hintsRejected: true, status: 'complete', readBytes: image.length })
      await expectRestores(session, result.version, originalOf(image), folder.path)
    }
  })

  test('that say nothing changed when everything did are found out, and everything is read', async () => {
    const { version } = await backUp(randomImage(3_000_000, 'before'))
    const image = randomImage(3_000_000, 'after')
    const result = await backUp(image, [], version)
    expect(result).toMatchObject({ hintsRejected: true, status: 'complete', readBytes: image.length })
    expect(result.method).not.toBe('hints')
    expect(result.warnings.join()).toMatch(/hints do not agree/i)
    await expectRestores(session, result.version, originalOf(image), folder.path)
  })

  test('beyond the end are refused by name, and nothing is stored', async () => {
    const { version } = await backUp(randomImage(100_000, 'before'))
    const wrong = [{ offset: 90_000, length: 20_000, exists: true }]
    await expect(backUp(randomImage(100_000, 'before'), wrong, version)).rejects.toMatchObject({
      code: 'source.hintsInvalid',
      message: expect.stringContaining('Entry 1'),
    })
    expect(await session.versions()).toHaveLength(1)
  })
})

describe('a base of which parts are lost', () => {
  const image = randomImage(5_000_000, 'base')

  async function packsOf(before: readonly string[]): Promise<string[]> {
    return (await objectsIn(url)).filter(object => kindOf(object) === 'packs' && !before.includes(object))
  }

  test('has them read again although the hints say that nothing changed', async () => {
    const { version } = await backUp(image)
    for (const pack of await packsOf([])) await flipByte(100, 'a block').apply(url, pack)
    const found = await session.scrub([], {})
    expect(found.versions).toEqual([version])
    expect((await session.show(version)).status).toBe('damaged')
    const healed = await backUp(image, [], version)
    expect(healed.status).toBe('complete')
    expect(healed.newBytes).toBeGreaterThan(0)
    for (const id of [version, healed.version]) await expectRestores(session, id, originalOf(image), folder.path)
    const after = await session.scrub([], {})
    expect(after.damaged).toEqual([])
    expect((await session.versions()).map(({ status }) => status)).toEqual(['complete', 'complete'])
  })

  test.each(['grown', 'as it was', 'shrunk', 'shrunk to less than a block'])(
    'is not relied on where its packs are gone, and the source has %s',
    async how => {
      const sizes: Record<string, number> = { grown: 6_000_000, shrunk: 2_500_000, 'as it was': image.length }
      const sizeBytes = sizes[how] ?? 1000
      const { version } = await backUp(image)
      const packs = await packsOf([])
      for (const lost of packs) {
        await unlink(join(url, lost))
        const now = changedBy(image, sizeBytes, [{ offset: image.length, length: sizeBytes, content: 3 }])
        const result = await backUp(now, [], version)
        expect(result.status).toBe('complete')
        await expectRestores(session, result.version, originalOf(now), folder.path)
      }
    },
  )

  test('and that was removed and pruned after it was chosen is not referred to', async () => {
    const base = await backUp(image)
    const stateDir = join(folder.path, 'other-state')
    const repository = await Repository.open(await openStorage(url, storageDrivers), { secret: attackSecret, stateDir })
    const again = async (chosen: VersionRecord) => {
      const opened = await openSource(source)
      const hints = { read: [], holes: [] }
      return runBackup(repository, opened, { name: 'disk', hints, base: chosen }).finally(() => opened.close())
    }
    try {
      const { versions } = await repository.refresh()
      const chosen = versions.find(({ id }) => id === base.version)!
      // A process that runs for days remembers the map.
      const first = await again(chosen)
      await session.remove([base.version, first.version], {})
      await session.prune({})
      const made = await again(chosen)
      expect(made.status).toBe('complete')
      expect(made.warnings.join()).toMatch(/was removed meanwhile/)
      await expectRestores(session, made.version, originalOf(image), folder.path)
    } finally {
      await repository.close()
    }
  })
})
