import fc from 'fast-check'
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
}

export type MakeStorage = () => Promise<StorageFixture>

const folders = ['things', 'deep/er/est', 'empty', 'packs/00', 'packs/01']
const badNames = [
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

const text = (value: string) => Buffer.from(value)
const fill = (size: number, value: number) => new Uint8Array(size).fill(value)
const fails = (promise: Promise<unknown>, code: ErrorCode) => expect(promise).rejects.toMatchObject({ code })

export async function collect(list: AsyncIterable<ObjectInfo>): Promise<ObjectInfo[]> {
  const found: ObjectInfo[] = []
  for await (const info of list) found.push(info)
  return found.sort((a, b) => (a.name < b.name ? -1 : 1))
}
const namesIn = async (storage: Storage, folder: string) => (await collect(storage.list(folder))).map(info => info.name)

/** Everything that a storage guarantees. */
export function describeStorage(name: string, make: MakeStorage): void {
  describeReading(name, make)
  describeWriting(name, make)
}

/** Sets a prepared place up before each test. */
function useStorage(make: MakeStorage): StorageFixture & { writer: Storage } {
  const held = {} as StorageFixture & { writer: Storage }
  beforeEach(async () => {
    Object.assign(held, { writer: undefined, openAgain: undefined, cleanUp: undefined }, await make())
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

function describeWriting(name: string, make: MakeStorage): void {
  describe(`${name}, writing`, () => {
    const at = useStorage(make)
    const read = async (name: string) => Buffer.from(await at.storage.get(name)).toString()

    it('leaves an existing object alone unless told to overwrite it', async () => {
      await at.storage.put('things/a', [text('first')])
      await fails(at.storage.put('things/a', [text('second')]), 'storage.objectExists')
      await fails(at.storage.put('things/a', [text('third')], { overwrite: false }), 'storage.objectExists')
      expect(await read('things/a')).toBe('first')
    })

    it('overwrites whole objects, by shorter and by longer ones', async () => {
      for (const value of ['first', 'x', 'a longer one', '']) {
        await at.storage.put('things/a', [text(value)], { overwrite: true })
        expect(await read('things/a')).toBe(value)
        expect((await at.storage.stat('things/a'))?.sizeBytes).toBe(value.length)
      }
      expect(await namesIn(at.storage, 'things')).toEqual(['things/a'])
    })

    it('keeps no hold of the parts', async () => {
      const part = text('abc')
      await at.storage.put('things/a', [part])
      part.fill(0)
      expect(await read('things/a')).toBe('abc')
    })

    it('accepts names of 200 characters', async () => {
      const name = `things/${'n'.repeat(193)}`
      await at.storage.put(name, [text('long')])
      expect(await read(name)).toBe('long')
      expect(await namesIn(at.storage, 'things')).toEqual([name])
    })

    it('accepts names that begin with a dot, a dash or an underscore', async () => {
      const names = ['things/-a', 'things/..a', 'things/.tmp-a', 'things/_a']
      for (const name of names) await at.storage.put(name, [text(name)])
      expect(await namesIn(at.storage, 'things')).toEqual(names)
      expect(await read('things/.tmp-a')).toBe('things/.tmp-a')
    })

    it('calls a name outside the alphabet a bug', async () => {
      for (const name of badNames) {
        await fails(at.storage.put(name, [text('x')]), 'internal.bug')
        await fails(at.storage.delete(name), 'internal.bug')
        await fails(at.storage.prepare([name]), 'internal.bug')
      }
    })

    it('shows every change at once to whoever else has the place open', async () => {
      const other = (await at.openAgain?.()) ?? at.storage
      try {
        await at.storage.put('things/a', [text('1')])
        expect(Buffer.from(await other.get('things/a')).toString()).toBe('1')
        await at.storage.put('things/a', [text('23')], { overwrite: true })
        expect((await other.stat('things/a'))?.sizeBytes).toBe(2)
        await fails(other.put('things/a', [text('4')]), 'storage.objectExists')
        await at.storage.delete('things/a')
        expect(await namesIn(other, 'things')).toEqual([])
        expect(await other.stat('things/a')).toBeUndefined()
      } finally {
        if (other !== at.storage) await other.close()
      }
    })

    it('lets exactly one of several puts of one name win, whole', async () => {
      const other = (await at.openAgain?.()) ?? at.storage
      try {
        const outcomes = await Promise.all(
          Array.from({ length: 12 }, (_, index) =>
            [at.storage, other][index % 2]!.put('things/a', [fill(100_000 + index, index)]).then(
              () => index,
              error => error.code,
            ),
          ),
        )
        const winners = outcomes.filter(outcome => typeof outcome === 'number')
        expect(winners.length).toBe(1)
        expect(outcomes.filter(outcome => outcome === 'storage.objectExists').length).toBe(11)
        const winner = winners[0]!
        expect(Buffer.compare(await at.storage.get('things/a'), fill(100_000 + winner, winner))).toBe(0)
      } finally {
        if (other !== at.storage) await other.close()
      }
    })

    it('never shows a part of an object while it is written or replaced', async () => {
      const sizeOf = (value: number) => 300_000 + value * 1000
      let writing = true
      const watch = async () => {
        let seen = 0
        while (writing) {
          for (const info of await collect(at.storage.list('things'))) {
            expect((info.sizeBytes - 300_000) % 1000).toBe(0)
            const data = await at.storage.get('things/a')
            expect(data.length).toBe(sizeOf(data[0]!))
            expect(data.every(byte => byte === data[0])).toBe(true)
            seen++
          }
          await new Promise(resolve => setImmediate(resolve))
        }
        return seen
      }
      const write = async () => {
        for (let value = 0; value < 20; value++) {
          await at.storage.put('things/a', [fill(100_000, value), fill(sizeOf(value) - 100_000, value)], {
            overwrite: true,
          })
          await new Promise(resolve => setImmediate(resolve))
        }
        writing = false
      }
      const [seen] = await Promise.all([watch(), write()])
      expect(seen).toBeGreaterThan(0)
    })

    it('does many things at the same time', async () => {
      const data = fill(1_000_000, 5)
      const names = Array.from({ length: 12 }, (_, index) => `packs/0${index % 2}/${index}`)
      await Promise.all(names.map(name => at.storage.put(name, [text(name), data])))
      const back = await Promise.all(names.map(name => at.storage.get(name)))
      expect(back.map(bytes => bytes.length)).toEqual(names.map(name => name.length + data.length))
      await Promise.all(names.map(name => at.storage.delete(name)))
      expect(await namesIn(at.storage, 'packs')).toEqual([])
    })

    it('removes an object, and what is not there as well', async () => {
      await at.storage.put('things/a', [text('a')])
      await at.storage.put('things/ab', [text('ab')])
      await at.storage.delete('things/a')
      await at.storage.delete('things/a')
      await at.storage.delete('nowhere/a')
      await fails(at.storage.get('things/a'), 'storage.objectNotFound')
      expect(await namesIn(at.storage, 'things')).toEqual(['things/ab'])
      await at.storage.put('things/a', [text('again')])
      expect(await read('things/a')).toBe('again')
    })

    it('does nothing when it is cancelled before it begins', async () => {
      const signal = AbortSignal.abort()
      await at.storage.put('things/a', [text('a')])
      await fails(at.storage.put('things/b', [text('b')], { signal }), 'run.cancelled')
      await fails(at.storage.put('things/a', [text('b')], { overwrite: true, signal }), 'run.cancelled')
      await fails(at.storage.delete('things/a', signal), 'run.cancelled')
      await fails(at.storage.prepare(folders, signal), 'run.cancelled')
      await fails(at.storage.sweepTemporary(signal), 'run.cancelled')
      expect(await namesIn(at.storage, 'things')).toEqual(['things/a'])
      expect(await read('things/a')).toBe('a')
    })

    it('has stored all or nothing when a put is cancelled in the middle', async () => {
      for (let round = 0; round < 6; round++) {
        const abort = new AbortController()
        const name = `packs/00/${round}`
        const put = at.storage.put(name, [fill(12_000_000, round)], { signal: abort.signal }).then(
          () => 'stored',
          error => error.code,
        )
        for (let turn = 0; turn < round; turn++) await new Promise(resolve => setImmediate(resolve))
        abort.abort()
        const outcome = await put
        expect(['stored', 'run.cancelled']).toContain(outcome)
        expect((await at.storage.stat(name))?.sizeBytes).toBe(outcome === 'stored' ? 12_000_000 : undefined)
      }
    })

    it('can be prepared again as long as it holds nothing', async () => {
      await at.storage.prepare(folders)
      await at.storage.prepare([...folders, 'more'])
      await at.storage.put('more/a', [text('a')])
    })

    it('refuses to prepare a place that holds a config or any object', async () => {
      await at.storage.put('config', [text('{}')])
      await fails(at.storage.prepare(folders), 'repository.alreadyExists')
      await at.storage.put('things/a', [text('a')])
      await at.storage.delete('config')
      await fails(at.storage.prepare(folders), 'repository.alreadyExists')
      expect(await read('things/a')).toBe('a')
    })

    it('sweeps no objects', async () => {
      await at.storage.put('things/a', [text('a')])
      expect(await at.storage.sweepTemporary()).toBe(0)
      expect(await read('things/a')).toBe('a')
    })

    it('behaves like a map under any sequence of calls', async () => {
      const nameOf = fc.constantFrom('things/a', 'things/b', 'deep/er/a', 'deep/er/est/a')
      const value = fc.uint8Array({ maxLength: 40 })
      const step = fc.oneof(
        fc.record({ kind: fc.constant('put' as const), name: nameOf, value, overwrite: fc.boolean() }),
        fc.record({ kind: fc.constant('delete' as const), name: nameOf }),
      )
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 15 }), async steps => {
          const model = new Map<string, Uint8Array>()
          for (const [index, step] of steps.entries()) {
            if (step.kind === 'delete') {
              await at.storage.delete(step.name)
              model.delete(step.name)
            } else if (step.overwrite || !model.has(step.name)) {
              const value = Buffer.concat([step.value, Buffer.of(index)])
              await at.storage.put(step.name, [step.value, Buffer.of(index)], { overwrite: step.overwrite })
              model.set(step.name, value)
            } else {
              // The index makes all values differ: a retried put may take an equal object for its own.
              await fails(at.storage.put(step.name, [step.value, Buffer.of(index)]), 'storage.objectExists')
            }
          }
          const held = [...(await namesIn(at.storage, 'things')), ...(await namesIn(at.storage, 'deep'))]
          expect(held.sort()).toEqual([...model.keys()].sort())
          for (const [name, data] of model) expect(Buffer.compare(await at.storage.get(name), data)).toBe(0)
          for (const name of held) await at.storage.delete(name)
        }),
        { numRuns: 25 },
      )
    })
  })
}
