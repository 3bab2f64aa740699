import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ErrorCode } from '../../engine/contract/errors.ts'
import type { ObjectInfo, Storage } from '../../engine/storage/storage.ts'

export interface StorageFixture {
  /** At a new place, not yet prepared. */
  storage: Storage
  /** Writes to the same place, when `storage` cannot. */
  writer?: Storage
  /** Opens the same place once more, as another process would. */
  openAgain?: () => Promise<Storage>
  cleanUp?: () => Promise<void>
  /** Whether exactly one of several puts of one name at the same time wins; see storage.ts. 'sure' unless given. */
  exclusive?: 'sure' | 'best effort'
  /** It tells of bytes that it sends while it does; see PutOptions.onSent. */
  tellsSent?: boolean
}

export type MakeStorage = () => Promise<StorageFixture>

export const folders = ['things', 'deep/er/est', 'empty', 'packs/00', 'packs/01']
export const badNames = [
  '',
  '.',
  '..',
  '/a',
  'a/',
  'a//b',
  './a',
  'a/../b',
  'A',
  'ä',
  'a b',
  'a\\b',
  'a\0',
  'x~y',
  'a'.repeat(201),
]

export const text = (value: string) => Buffer.from(value)
export const fill = (size: number, value: number) => new Uint8Array(size).fill(value)
export const fails = (promise: Promise<unknown>, code: ErrorCode) => expect(promise).rejects.toMatchObject({ code })

export async function collect(list: AsyncIterable<ObjectInfo>): Promise<ObjectInfo[]> {
  const found: ObjectInfo[] = []
  for await (const info of list) found.push(info)
  return found.sort((a, b) => (a.name < b.name ? -1 : 1))
}
export const namesIn = async (storage: Storage, folder: string) =>
  (await collect(storage.list(folder))).map(info => info.name)

/** Sets a prepared place up before each test. */
export function useStorage(make: MakeStorage): StorageFixture & { writer: Storage } {
  const held = {} as StorageFixture & { writer: Storage }
  beforeEach(async () => {
    Object.assign(
      held,
      { writer: undefined, openAgain: undefined, cleanUp: undefined, exclusive: 'sure', tellsSent: false },
      await make(),
    )
    held.writer ??= held.storage
    await held.writer.prepare(folders)
  })
  afterEach(async () => {
    await held.storage.close()
    await held.cleanUp?.()
  })
  return held
}

/** What a storage guarantees to those who only read. */
export function describeReading(name: string, make: MakeStorage): void {
  describe(`${name}, reading`, () => {
    const at = useStorage(make)

    it('gives back the parts of an object as one', async () => {
      await at.writer.put('things/a', [text('one'), text(''), text('two'), fill(5, 7)])
      const data = await at.storage.get('things/a')
      expect(Buffer.from(data)).toEqual(Buffer.concat([text('onetwo'), fill(5, 7)]))
    })

    it('keeps empty objects, of no part or of empty parts', async () => {
      await at.writer.put('things/none', [])
      await at.writer.put('things/empty', [text('')])
      expect((await at.storage.get('things/none')).length).toBe(0)
      expect((await at.storage.get('things/empty')).length).toBe(0)
      expect(await at.storage.stat('things/none')).toMatchObject({ name: 'things/none', sizeBytes: 0 })
    })

    it('keeps objects of several megabytes and many parts byte for byte', async () => {
      const parts = Array.from({ length: 1500 }, (_, index) => fill(1 + ((index * 977) % 9000), index % 251))
      parts.push(fill(9_000_001, 9))
      await at.writer.put('packs/00/large', parts)
      expect(Buffer.compare(await at.storage.get('packs/00/large'), Buffer.concat(parts))).toBe(0)
    })

    it('reads exactly the range asked for', async () => {
      await at.writer.put('things/a', [text('0123'), text('456789')])
      const read = async (offset: number, length: number) =>
        Buffer.from(await at.storage.get('things/a', { offset, length })).toString()
      expect(await read(0, 10)).toBe('0123456789')
      expect(await read(2, 4)).toBe('2345')
      expect(await read(9, 1)).toBe('9')
    })

    it('refuses a range that ends beyond the object', async () => {
      await at.writer.put('things/a', [text('0123456789')])
      await at.writer.put('things/empty', [])
      await fails(at.storage.get('things/a', { offset: 9, length: 2 }), 'storage.rangeInvalid')
      await fails(at.storage.get('things/a', { offset: 10, length: 1 }), 'storage.rangeInvalid')
      await fails(at.storage.get('things/a', { offset: 2 ** 40, length: 1 }), 'storage.rangeInvalid')
      await fails(at.storage.get('things/empty', { offset: 0, length: 1 }), 'storage.rangeInvalid')
    })

    it('calls a range that is none a bug', async () => {
      await at.writer.put('things/a', [text('0123456789')])
      for (const [offset, length] of [
        [-1, 2],
        [0, 0],
        [0, -1],
        [0.5, 1],
        [0, Number.NaN],
        [2 ** 53, 1],
        [1, Infinity],
      ]) {
        await fails(at.storage.get('things/a', { offset: offset!, length: length! }), 'internal.bug')
      }
    })

    it('says that a missing object is not there', async () => {
      await fails(at.storage.get('things/missing'), 'storage.objectNotFound')
      await fails(at.storage.get('things/missing', { offset: 0, length: 1 }), 'storage.objectNotFound')
      await fails(at.storage.get('nowhere/missing'), 'storage.objectNotFound')
      expect(await at.storage.stat('things/missing')).toBeUndefined()
      expect(await at.storage.stat('nowhere/missing')).toBeUndefined()
    })

    it('does not take a folder for an object', async () => {
      await at.writer.put('things/a', [text('a')])
      await fails(at.storage.get('things'), 'storage.objectNotFound')
      expect(await at.storage.stat('things')).toBeUndefined()
    })

    it('hands out data that belongs to the caller', async () => {
      await at.writer.put('things/a', [text('abc')])
      const data = await at.storage.get('things/a')
      data.fill(0)
      expect(Buffer.from(await at.storage.get('things/a')).toString()).toBe('abc')
    })

    it('may use the memory that it is given, and gives away no other', async () => {
      await at.writer.put('things/a', [text('hello world')])
      for (const roomBytes of [3, 5, 64]) {
        const room = new ArrayBuffer(roomBytes)
        const data = await at.storage.get('things/a', { offset: 6, length: 5 }, undefined, room)
        expect(Buffer.from(data).toString()).toBe('world')
        expect(data.byteOffset).toBe(0)
        if (data.buffer !== room) expect(data.buffer.byteLength).toBe(5)
      }
    })

    it('lists all objects of a folder at any depth, and nothing else', async () => {
      for (const name of [
        'things/b',
        'deep/top',
        'deep/er/a',
        'deep/er/est/a',
        'deep/er/est/b',
        'packs/00/x',
        'config',
      ]) {
        await at.writer.put(name, [text(name)])
      }
      expect(await namesIn(at.storage, 'deep')).toEqual(['deep/er/a', 'deep/er/est/a', 'deep/er/est/b', 'deep/top'])
      expect(await namesIn(at.storage, 'deep/er/est')).toEqual(['deep/er/est/a', 'deep/er/est/b'])
      expect(await namesIn(at.storage, 'packs')).toEqual(['packs/00/x'])
      expect(await namesIn(at.storage, 'pack')).toEqual([])
      expect(await namesIn(at.storage, 'empty')).toEqual([])
      expect(await namesIn(at.storage, 'nowhere')).toEqual([])
    })

    it('lists the same sizes and times as stat tells', async () => {
      await at.writer.put('things/a', [fill(10, 1)])
      await at.writer.put('things/b', [fill(2000, 1)])
      const listed = await collect(at.storage.list('things'))
      expect(listed.map(info => info.sizeBytes)).toEqual([10, 2000])
      expect(listed).toEqual([await at.storage.stat('things/a'), await at.storage.stat('things/b')])
      expect(listed.every(info => Number.isSafeInteger(info.modifiedAt) && info.modifiedAt > 1.6e12)).toBe(true)
    })

    it('lists hundreds of objects, each once', async () => {
      const names = Array.from({ length: 300 }, (_, index) => `packs/0${index % 2}/${index}`).sort()
      await Promise.all(names.map(name => at.writer.put(name, [text(name)])))
      expect(await namesIn(at.storage, 'packs')).toEqual(names)
    })

    it('lets a listing be left early', async () => {
      for (const name of ['things/a', 'things/b', 'things/c']) await at.writer.put(name, [])
      for await (const info of at.storage.list('things')) {
        expect(info.name).toMatch(/^things\/[abc]$/)
        break
      }
      expect((await namesIn(at.storage, 'things')).length).toBe(3)
    })

    it('calls a name outside the alphabet a bug', async () => {
      for (const name of badNames) {
        await fails(at.storage.get(name), 'internal.bug')
        await fails(at.storage.stat(name), 'internal.bug')
        await fails(collect(at.storage.list(name)), 'internal.bug')
      }
    })

    it('can be cancelled before it begins', async () => {
      await at.writer.put('things/a', [text('abc')])
      const signal = AbortSignal.abort()
      await fails(at.storage.get('things/a', undefined, signal), 'run.cancelled')
      await fails(at.storage.get('things/a', { offset: 0, length: 1 }, signal), 'run.cancelled')
      await fails(at.storage.stat('things/a', signal), 'run.cancelled')
      await fails(collect(at.storage.list('things', signal)), 'run.cancelled')
      await fails(collect(at.storage.list('nowhere', signal)), 'run.cancelled')
    })

    it('can be cancelled in the middle of a listing', async () => {
      for (const name of ['things/a', 'things/b', 'things/c']) await at.writer.put(name, [])
      const abort = new AbortController()
      const iterator = at.storage.list('things', abort.signal)[Symbol.asyncIterator]()
      await iterator.next()
      abort.abort()
      await fails(iterator.next(), 'run.cancelled')
    })

    it('can be cancelled in the middle of a get, which then gives all or nothing', async () => {
      await at.writer.put('packs/00/large', [fill(20_000_000, 3)])
      const abort = new AbortController()
      const got = at.storage.get('packs/00/large', undefined, abort.signal).then(
        data => data.length,
        error => error.code,
      )
      setImmediate(() => abort.abort())
      expect([20_000_000, 'run.cancelled']).toContain(await got)
    })

    it('tells how many bytes are free, or that it has no limit', async () => {
      const free = await at.storage.freeBytes()
      expect(free === undefined || (Number.isSafeInteger(free) && free >= 0)).toBe(true)
    })

    it('can be closed twice', async () => {
      await at.storage.close()
      await at.storage.close()
    })
  })
}
