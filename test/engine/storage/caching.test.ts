import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { randomBytes } from '../../../engine/base/random.ts'
import { CacheFolder } from '../../../engine/storage/cache/cacheFolder.ts'
import { windowBytes } from '../../../engine/storage/cache/entry.ts'
import { caching } from '../../../engine/storage/caching.ts'
import { MemoryStorage } from '../../../engine/storage/memory.ts'
import type { Range, Storage } from '../../../engine/storage/storage.ts'
import { describeStorage } from '../../suites/storageSuite.ts'
import { CountingStorage } from '../../support/countingStorage.ts'
import { HeldReads } from '../../support/heldReads.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const isPack = (name: string) => name.startsWith('packs/')
const folderAt = (path: string, limitBytes = 1024 ** 3) => new CacheFolder({ path, limitBytes: async () => limitBytes })
const cached = (inner: Storage, path: string, place = 'here') =>
  caching(inner, { folder: folderAt(path), place, isImmutable: isPack })

/** Everything may be kept, as long as all that write share the cache. */
describeStorage('caching storage that keeps everything', async () => {
  const path = await mkdtemp(join(tmpdir(), 'holdfast-cache-'))
  const memory = new MemoryStorage()
  const make = () => caching(memory, { folder: folderAt(path), place: 'here', isImmutable: () => true })
  return {
    storage: make(),
    openAgain: async () => make(),
    cleanUp: () => rm(path, { recursive: true, force: true }),
  }
})

describeStorage('caching storage past its cache', async () => {
  const path = await mkdtemp(join(tmpdir(), 'holdfast-cache-'))
  const storage = cached(new MemoryStorage(), path).uncached!
  return { storage, cleanUp: () => rm(path, { recursive: true, force: true }) }
})

describe('caching storage', () => {
  const folder = useTemporaryFolder()
  const pack = 'packs/00/a'
  const content = randomBytes(windowBytes * 3 + 1000)
  const make = async () => {
    const memory = new MemoryStorage()
    await memory.put(pack, [content])
    const counting = new CountingStorage(memory)
    return { memory, counting, storage: cached(counting, folder.path) }
  }
  const expectRange = async (storage: Storage, offset: number, length: number) =>
    expect(Buffer.compare(await storage.get(pack, { offset, length }), content.subarray(offset, offset + length))).toBe(
      0,
    )

  it('asks for a piece of a pack once, also for another process and after it was opened again', async () => {
    const { counting, storage } = await make()
    await expectRange(storage, 100, 1000)
    await expectRange(storage, 100, 1000)
    await expectRange(cached(counting, folder.path), 500, 100)
    expect(counting.requests.length).toBe(1)
  })

  it('reads whole windows along when it knows how long the object is, and never beyond its end', async () => {
    const { counting, storage } = await make()
    for await (const _ of storage.list('packs'));
    await expectRange(storage, windowBytes + 7, 5)
    await expectRange(storage, windowBytes, windowBytes)
    await expectRange(storage, content.length - 1, 1)
    await expectRange(storage, windowBytes * 3, 1000)
    const ranges = counting.requests.filter(({ operation }) => operation === 'get').map(({ range }) => range)
    expect(ranges).toEqual([
      { offset: windowBytes, length: windowBytes },
      { offset: windowBytes * 3, length: 1000 },
    ])
  })

  it('asks for neighbouring windows that it lacks in one go, and only for these', async () => {
    const { counting, storage } = await make()
    await storage.stat(pack)
    await expectRange(storage, 0, 1)
    await expectRange(storage, 10, windowBytes * 3)
    await expectRange(storage, 0, content.length)
    expect(counting.requests.filter(({ operation }) => operation === 'get').map(({ range }) => range)).toEqual([
      { offset: 0, length: windowBytes },
      { offset: windowBytes, length: content.length - windowBytes },
    ])
  })

  it('asks once for what several want at the same time', async () => {
    const { counting, storage } = await make()
    await Promise.all(Array.from({ length: 8 }, () => expectRange(storage, 10, 1000)))
    expect(counting.requests.length).toBe(1)
  })

  it('lets one who waits go without stopping the others', async () => {
    const memory = new MemoryStorage()
    await memory.put(pack, [content])
    const gated = new HeldReads(memory)
    const storage = cached(gated, folder.path)
    const abort = new AbortController()
    const first = storage.get(pack, { offset: 0, length: 10 }, abort.signal)
    await gated.reached
    const second = storage.get(pack, { offset: 0, length: 10 })
    abort.abort()
    await expect(first).rejects.toMatchObject({ code: 'run.cancelled' })
    gated.open()
    expect(Buffer.compare(await second, content.subarray(0, 10))).toBe(0)
  })

  it('keeps nothing of objects that may change, and of large reads', async () => {
    const { memory, counting, storage } = await make()
    await memory.put('locks/a', [Buffer.from('lock')])
    await memory.put('packs/00/large', [Buffer.alloc(4_000_000, 1)])
    for (let round = 0; round < 2; round++) {
      await storage.get('locks/a', { offset: 0, length: 2 })
      await storage.get('packs/00/large', { offset: 0, length: 3_000_000 })
      await storage.get(pack)
    }
    expect(counting.requests.length).toBe(6)
    expect(await folderAt(folder.path).usage()).toEqual({ bytes: 0, files: 0 })
  })

  it('always asks whether something is there', async () => {
    const { memory, storage } = await make()
    await expectRange(storage, 0, 10)
    await memory.delete(pack)
    expect(await storage.stat(pack)).toBeUndefined()
    const listed: string[] = []
    for await (const { name } of storage.list('packs')) listed.push(name)
    expect(listed).toEqual([])
    await expect(storage.get(pack)).rejects.toMatchObject({ code: 'storage.objectNotFound' })
    // Whoever read all of it has found out that it is gone.
    await expect(storage.get(pack, { offset: 0, length: 10 })).rejects.toMatchObject({ code: 'storage.objectNotFound' })
  })

  it('tells places apart', async () => {
    const { storage } = await make()
    await expectRange(storage, 0, 10)
    const other = new MemoryStorage()
    await other.put(pack, [Buffer.alloc(100, 9)])
    const got = await cached(other, folder.path, 'elsewhere').get(pack, { offset: 0, length: 10 })
    expect(got.every(byte => byte === 9)).toBe(true)
  })

  it('reads past what is kept, and mends it, through uncached', async () => {
    const { memory, storage } = await make()
    const bad = Buffer.from(content)
    bad[windowBytes + 5]! ^= 1
    await memory.put(pack, [bad], { overwrite: true })
    await storage.get(pack, { offset: 0, length: windowBytes * 2 })
    // Another computer mends it.
    await memory.put(pack, [content], { overwrite: true })
    const range: Range = { offset: windowBytes, length: 100 }
    expect(Buffer.compare(await storage.get(pack, range), bad.subarray(windowBytes, windowBytes + 100))).toBe(0)
    expect(
      Buffer.compare(await storage.uncached!.get(pack, range), content.subarray(windowBytes, windowBytes + 100)),
    ).toBe(0)
    await expectRange(storage, windowBytes, 100)
    expect(await folderAt(folder.path).windows('here', pack)).toHaveLength(2)
  })

  it('gives nothing that was read before an object was replaced here', async () => {
    const memory = new MemoryStorage()
    await memory.put(pack, [Buffer.alloc(1000, 1)])
    const gated = new HeldReads(memory)
    const storage = cached(gated, folder.path)
    const old = storage.get(pack, { offset: 0, length: 10 })
    await gated.reached
    const put = storage.put(pack, [Buffer.alloc(1000, 2)], { overwrite: true })
    while (Buffer.from(await memory.get(pack))[0] !== 2) await new Promise(resolve => setImmediate(resolve))
    gated.open()
    expect((await old)[0]).toBe(1)
    await put
    expect((await storage.get(pack, { offset: 0, length: 10 }))[0]).toBe(2)
  })
})
