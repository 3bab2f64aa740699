import { describe, expect, it } from 'vitest'
import { randomBelow, randomBytes } from '../../../engine/base/random.ts'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import { BlockCache } from '../../../engine/nbd/blockCache.ts'
import { VersionExport } from '../../../engine/nbd/versionExport.ts'
import { names } from '../../../engine/repository/format.ts'
import { MemoryStorage } from '../../../engine/storage/memory.ts'
import { patchwork, stored, withExport } from '../../support/exportedVersion.ts'
import { FaultyStorage } from '../../support/faultyStorage.ts'
import { alter, namesIn, useRepositories } from '../../support/tempRepository.ts'

const mib = 1024 * 1024
const repositories = useRepositories()

async function readWhole(opened: VersionExport, step: number): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for (let at = 0; at < opened.sizeBytes; at += step) {
    parts.push(await opened.read(at, Math.min(step, opened.sizeBytes - at)))
  }
  return Buffer.concat(parts)
}

describe('a version that is exported', () => {
  it('reads as the source was: whole, and anywhere, by many at once, with a small cache and a large one', async () => {
    const first = patchwork(21 * mib + 777)
    const { repository } = await repositories.create({ blockSizeBytes: 32 * 1024 })
    await stored(repository, first)
    const content = Buffer.from(first)
    for (let i = 0; i < 60; i++) randomBytes(5000).copy(content, randomBelow(content.length - 5000))
    const version = await stored(repository, content)
    for (const cacheBytes of [4 * mib, 64 * mib]) {
      await withExport(repository, version, { cacheBytes, threads: 2 }, async opened => {
        expect(opened).toMatchObject({ sizeBytes: content.length, isReadOnly: true, preferredBlockBytes: 32 * 1024 })
        expect((await readWhole(opened, 300_000)).equals(content)).toBe(true)
        const reader = async () => {
          for (let i = 0; i < 40; i++) {
            const offset = randomBelow(content.length)
            const length = Math.min(1 + randomBelow(i % 4 === 0 ? 2 * mib : 9000), content.length - offset)
            const read = Buffer.from(await opened.read(offset, length))
            if (!read.equals(content.subarray(offset, offset + length)))
              throw new Error(`wrong at ${offset}, ${length}`)
            // The bytes are the caller's.
            read.fill(1)
          }
        }
        await Promise.all(Array.from({ length: 32 }, reader))
      })
    }
  })

  it('reads blocks that are larger than a frame usually is', async () => {
    const content = patchwork(3 * mib + 5)
    const { repository } = await repositories.create({ blockSizeBytes: mib })
    const version = await stored(repository, content)
    await withExport(repository, version, { cacheBytes: 4 * mib }, async opened => {
      expect((await readWhole(opened, 700_001)).equals(content)).toBe(true)
    })
  })

  it('says where its holes are, joined and without gaps', async () => {
    const size = 64 * 1024
    const content = Buffer.alloc(700 * size + 9)
    randomBytes(3 * size).copy(content, 5 * size)
    randomBytes(9).copy(content, 700 * size)
    const { repository } = await repositories.create({ blockSizeBytes: size })
    const version = await stored(repository, content)
    await withExport(repository, version, {}, async opened => {
      expect(await opened.extents(0, content.length)).toEqual([
        { kind: 'hole', length: 5 * size },
        { kind: 'data', length: 3 * size },
        { kind: 'hole', length: 692 * size },
        { kind: 'data', length: 9 },
      ])
      expect(await opened.extents(7 * size + 5, size)).toEqual([
        { kind: 'data', length: size - 5 },
        { kind: 'hole', length: 5 },
      ])
    })
  })

  it('of a size of terabytes is one hole in one step', async () => {
    const { repository } = await repositories.create()
    const version = { ...(await stored(repository, randomBytes(1000))), root: null, sizeBytes: 10 * 2 ** 40 }
    await withExport(repository, version, {}, async opened => {
      expect(await opened.extents(4096, 9 * 2 ** 40)).toEqual([{ kind: 'hole', length: 9 * 2 ** 40 }])
      expect(Buffer.from(await opened.read(2 ** 42, 70_000)).equals(Buffer.alloc(70_000))).toBe(true)
    })
  })

  it('fails only where a block is damaged, and takes another copy where there is one', async () => {
    const content = randomBytes(4 * mib)
    const { repository, storage } = await repositories.create({ blockSizeBytes: 32 * 1024 })
    const version = await stored(repository, content)
    const [pack] = await namesIn(storage, 'packs')
    const sizes = await Promise.all(
      (await namesIn(storage, 'packs')).map(async name => (await storage.get(name)).length),
    )
    const largest = (await namesIn(storage, 'packs'))[sizes.indexOf(Math.max(...sizes))] ?? pack!
    await alter(storage, largest, bytes => {
      bytes[bytes.length >> 1]! ^= 1
      return bytes
    })
    await withExport(repository, version, {}, async opened => {
      let bad = 0
      for (let at = 0; at < content.length; at += 32 * 1024) {
        try {
          const read = Buffer.from(await opened.read(at, 32 * 1024))
          expect(read.equals(content.subarray(at, at + 32 * 1024))).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(HoldfastError)
          expect((error as HoldfastError).code).toMatch(/^integrity\./)
          bad++
        }
      }
      // A frame is what is lost with one bit.
      expect(bad).toBe(8)
      await expect(opened.read(0, content.length)).rejects.toMatchObject({ code: 'integrity.blockDamaged' })
    })
  })

  it('passes on what is wrong with the storage, and goes on when it is there again', async () => {
    const content = randomBytes(2 * mib)
    const storage = new FaultyStorage(new MemoryStorage())
    const { repository } = await repositories.create({ storage })
    const version = await stored(repository, content)
    await withExport(repository, version, {}, async opened => {
      await opened.read(0, 1)
      storage.fail({ operation: 'get', name: /^packs/, when: 'before', times: 1 })
      await expect(opened.read(mib, 4096)).rejects.toMatchObject({ code: 'storage.unreachable' })
      expect(Buffer.from(await opened.read(mib, 4096)).equals(content.subarray(mib, mib + 4096))).toBe(true)
    })
  })

  it('asks once for what many want at the same moment, and not again while it is in memory', async () => {
    const content = randomBytes(2 * mib)
    const storage = new FaultyStorage(new MemoryStorage())
    const { repository } = await repositories.create({ storage })
    const version = await stored(repository, content)
    await withExport(repository, version, {}, async opened => {
      const reads = () => storage.calls.filter(call => call.startsWith('get packs')).length
      await opened.read(0, 4096)
      await opened.cache(mib, 4096)
      const before = reads()
      await Promise.all(Array.from({ length: 50 }, (_, i) => opened.read(mib + i * 4096, 4096)))
      await Promise.all(Array.from({ length: 50 }, (_, i) => opened.read(1.5 * mib + i * 100, 100)))
      expect(reads() - before).toBeLessThanOrEqual(2)
    })
  })

  it('is kept from being pruned while it is open, and gives its lock back', async () => {
    const { repository, storage } = await repositories.create()
    const version = await stored(repository, randomBytes(mib))
    await withExport(repository, version, {}, async () => expect(await namesIn(storage, 'locks')).toHaveLength(1))
    expect(await namesIn(storage, 'locks')).toEqual([])
    await repository.versions.deleteVersion(version.id)
    const cache = await BlockCache.open(repository)
    await expect(VersionExport.open(repository, version, cache)).rejects.toMatchObject({
      code: 'repository.versionNotFound',
    })
    await cache.close()
    expect(await namesIn(storage, 'locks')).toEqual([])
  })

  it('closes while it reads ahead', async () => {
    const content = randomBytes(8 * mib)
    const { repository } = await repositories.create()
    const version = await stored(repository, content)
    await withExport(repository, version, {}, async opened => {
      for (let at = 0; at < 2 * mib; at += 65_536) await opened.read(at, 65_536)
    })
    expect((await repository.storage.stat(names.config))?.name).toBe(names.config)
  })
})
