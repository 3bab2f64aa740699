import { appendFileSync, truncateSync } from 'node:fs'
import { open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createEngine } from '../../engine/engine.ts'
import type { Session } from '../../engine/engineApi.ts'
import { runBackup } from '../../engine/pipeline/backup.ts'
import { Repository } from '../../engine/repository/repository.ts'
import { openSource } from '../../engine/sources/open.ts'
import { storageDrivers } from '../../engine/storage/drivers.ts'
import { openStorage } from '../../engine/storage/registry.ts'
import { mixedImage, randomImage, writeImage } from '../support/mixedImage.ts'
import { objectsIn } from '../support/objectDamage.ts'
import { attackSecret, expectRestores, originalOf } from '../support/repositoryAttack.ts'
import { useTemporaryFolder } from '../support/temporaryFolder.ts'
import { TroubledSource, WatchedSource } from '../support/troubledSource.ts'

const folder = useTemporaryFolder()
let url = ''
let session: Session
let repository: Repository

beforeEach(async () => {
  url = join(folder.path, 'repository')
  const engine = createEngine({ stateDir: join(folder.path, 'state') })
  await engine.init(url, attackSecret, { blockSizeBytes: 16 * 1024 })
  session = await engine.open(url, attackSecret)
  const stateDir = join(folder.path, 'other-state')
  repository = await Repository.open(await openStorage(url, storageDrivers), { secret: attackSecret, stateDir })
})
afterEach(async () => {
  await session.close()
  await repository.close()
})

const kib = 1024

describe('sectors that cannot be read', () => {
  const image = randomImage(3_000_320, 'sectors')
  const holes = (...ranges: [number, number][]) => {
    const expected = Buffer.from(image)
    for (const [from, to] of ranges) expected.fill(0, from, to)
    return expected
  }

  test('are zeros, are named exactly, and are there again after a run that can read them', async () => {
    const sectors = [0, 7, 8, 9, 2100, 2101, 5859]
    const bad = new TroubledSource(image, { badSectors: sectors })
    const result = await runBackup(repository, bad, { name: 'disk' })
    expect(result.status).toBe('incomplete')
    expect(result.unreadable).toEqual([
      { offset: 0, length: 512 },
      { offset: 7 * 512, length: 3 * 512 },
      { offset: 2100 * 512, length: 2 * 512 },
      { offset: 5859 * 512, length: image.length - 5859 * 512 },
    ])
    expect(result.warnings.join()).toMatch(/could not be read/)
    const [listed] = await session.versions()
    expect(listed).toMatchObject({ status: 'incomplete', unreadable: result.unreadable })
    const expected = holes(
      ...result.unreadable.map(({ offset, length }): [number, number] => [offset, offset + length]),
    )
    await expectRestores(session, result.version, originalOf(expected), folder.path)

    const healed = await runBackup(repository, new TroubledSource(image, {}), { name: 'disk' })
    expect(healed).toMatchObject({ status: 'complete', unreadable: [] })
    expect(healed.newBytes).toBeLessThan(image.length / 8)
    await expectRestores(session, healed.version, originalOf(image), folder.path)
    expect((await session.versions()).map(version => version.status)).toEqual(['incomplete', 'complete'])
  })

  test('of 4096 bytes are told apart as such', async () => {
    const bad = new TroubledSource(image, { badSectors: [3, 700], sectorBytes: 4096 })
    const { unreadable } = await runBackup(repository, bad, { name: 'disk' })
    expect(unreadable).toEqual([
      { offset: 3 * 4096, length: 4096 },
      { offset: 700 * 4096, length: 4096 },
    ])
  })

  test('that answer the second time are not lost', async () => {
    // Each read of a larger part that holds it fails too, and uses up one failure.
    const shy = new TroubledSource(image, { shy: [[1234, 13]] })
    const result = await runBackup(repository, shy, { name: 'disk' })
    expect(result).toMatchObject({ status: 'complete', unreadable: [] })
    await expectRestores(session, result.version, originalOf(image), folder.path)
  })

  test('all over the source leave a version of zeros', async () => {
    const dead = new TroubledSource(image.subarray(0, 100_000), {
      badSectors: Array.from({ length: 200 }, (_, i) => i),
    })
    const result = await runBackup(repository, dead, { name: 'disk' })
    expect(result.unreadable).toEqual([{ offset: 0, length: 100_000 }])
    await expectRestores(session, result.version, originalOf(Buffer.alloc(100_000)), folder.path)
  })
})

describe('a file that is written while it is read', () => {
  const image = randomImage(6_000_000, 'in use')
  let path = ''
  beforeEach(async () => {
    path = join(folder.path, 'source')
    await writeImage(path, image)
  })

  /** Backs the file up and changes it just before the read that reaches `at`. */
  async function backUpWhile(at: number, change: () => void) {
    const source = await openSource(path)
    let isDone = false
    const watched = new WatchedSource(source, (offset, length) => {
      if (isDone || offset + length <= at) return
      isDone = true
      change()
    })
    try {
      return await runBackup(repository, watched, { name: 'disk' })
    } finally {
      await source.close()
    }
  }

  test('and shrinks gives an incomplete version with zeros for what is gone', async () => {
    // Cut before the read that begins at 4 MiB; that place is long past when the cut comes.
    const cut = 4 * kib * kib + 777_777
    const result = await backUpWhile(4 * kib * kib + 1, () => truncateSync(path, cut))
    expect(result).toMatchObject({
      status: 'incomplete',
      consistency: 'read-while-in-use',
      sizeBytes: image.length,
      unreadable: [{ offset: cut, length: image.length - cut }],
    })
    const expected = Buffer.from(image).fill(0, cut)
    await expectRestores(session, result.version, originalOf(expected), folder.path)
    const next = await session.backup(path, { name: 'disk' })
    expect(next).toMatchObject({ status: 'complete', sizeBytes: cut })
    await expectRestores(session, next.version, originalOf(image.subarray(0, cut)), folder.path)
  })

  test('and shrinks to nothing does not fail either', async () => {
    const result = await backUpWhile(0, () => truncateSync(path, 0))
    expect(result.unreadable).toEqual([{ offset: 0, length: image.length }])
    await expectRestores(session, result.version, originalOf(Buffer.alloc(image.length)), folder.path)
  })

  test('and shrinks where it has holes is not taken for one', async () => {
    const sparse = Buffer.alloc(9_000_000)
    for (const at of [0, 3_000_000, 8_000_000]) image.copy(sparse, at, 0, 1_000_000)
    await writeImage(path, sparse)
    // The last stretch is never asked for: when its turn comes, the file ends before it.
    const cut = 5_000_000
    const result = await backUpWhile(0, () => truncateSync(path, cut))
    expect(result).toMatchObject({ status: 'incomplete', consistency: 'read-while-in-use' })
    expect(result.unreadable).toEqual([{ offset: cut, length: sparse.length - cut }])
    await expectRestores(session, result.version, originalOf(sparse.fill(0, cut)), folder.path)
  })

  test('and grows gives what it was at the start, and says that it was in use', async () => {
    const result = await backUpWhile(4 * kib * kib + 1, () => appendFileSync(path, randomImage(100_000, 'tail')))
    expect(result).toMatchObject({
      status: 'complete',
      consistency: 'read-while-in-use',
      sizeBytes: image.length,
      unreadable: [],
    })
    await expectRestores(session, result.version, originalOf(image), folder.path)
    const next = await session.backup(path, { name: 'disk' })
    expect(next).toMatchObject({ sizeBytes: image.length + 100_000, consistency: 'consistent' })
    await expectRestores(session, next.version, originalOf(await readFile(path)), folder.path)
  })

  test('of any length is restored to the byte', async () => {
    for (const sizeBytes of [0, 1, 511, 16 * kib - 1, 16 * kib, 16 * kib + 1, 2 * kib * kib, 2 * kib * kib + 3]) {
      const part = mixedImage(sizeBytes, sizeBytes)
      await writeFile(path, part)
      const { version, sizeBytes: size } = await session.backup(path, { name: 'disk' })
      expect(size).toBe(sizeBytes)
      await expectRestores(session, version, originalOf(part), folder.path)
    }
  })
})

describe('a sparse source', () => {
  const tib = 1024 ** 4

  async function repositoryBytes(): Promise<number> {
    let sum = 0
    for (const object of await objectsIn(url)) sum += (await readFile(join(url, object))).length
    return sum
  }

  async function makeSparse(path: string, sizeBytes: number, data: readonly [number, Buffer][]): Promise<void> {
    const file = await open(path, 'w')
    await file.truncate(sizeBytes)
    for (const [offset, bytes] of data) await file.write(bytes, 0, bytes.length, offset)
    await file.close()
  }

  test('of 1 TiB that did not change, with empty hints, stores next to nothing', async () => {
    const path = join(folder.path, 'sparse')
    const data = randomImage(200_000, 'sparse')
    await makeSparse(path, tib, [
      [0, data],
      [tib / 2 + 12_345, data],
      [tib - data.length, data],
    ])
    const base = await session.backup(path, { name: 'disk' })
    expect(base.holeBytes).toBeGreaterThan(tib - 2_000_000)
    await writeFile(join(folder.path, 'hints'), '[]')
    const before = await repositoryBytes()
    const hints = { name: 'disk', hintsPath: join(folder.path, 'hints'), base: base.version }
    const result = await session.backup(path, hints)
    expect(result).toMatchObject({ method: 'hints', status: 'complete', hintsRejected: false, readBytes: 0 })
    expect(result.storedBytes).toBeLessThan(64 * kib)
    expect((await repositoryBytes()) - before).toBeLessThan(64 * kib)
    for (const { version } of [base, result]) {
      const target = join(folder.path, `part-${version}`)
      await session.restore(version, target, { range: { offset: tib / 2 + 12_345, length: data.length } })
      expect((await readFile(target)).equals(data)).toBe(true)
    }
  })

  test('of 10 TiB is backed up and restored', async () => {
    const path = join(folder.path, 'sparse')
    const data = mixedImage(400_000, 'larger')
    await makeSparse(path, 10 * tib, [
      [4096, data],
      [7 * tib + 1, data],
      [10 * tib - data.length, data],
    ])
    const { version, holeBytes, sizeBytes, storedBytes } = await session.backup(path, { name: 'disk' })
    expect(sizeBytes).toBe(10 * tib)
    expect(holeBytes).toBeGreaterThan(10 * tib - 2_000_000)
    expect(storedBytes).toBeLessThan(2_000_000)
    const target = join(folder.path, 'restored')
    const { damaged, verified } = await session.restore(version, target, { verify: true })
    expect({ damaged, verified }).toEqual({ damaged: [], verified: true })
    const file = await open(target)
    for (const offset of [4096, 7 * tib + 1, 10 * tib - data.length]) {
      const got = Buffer.alloc(data.length)
      await file.read(got, 0, got.length, offset)
      expect(got.equals(data)).toBe(true)
    }
    expect((await file.stat()).size).toBe(10 * tib)
    await file.close()
    expect((await session.scrub([], {})).damaged).toEqual([])
  })
})
