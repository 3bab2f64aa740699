import { describe, expect, it } from 'vitest'
import { names } from '../../../engine/repository/format.ts'
import { MirroredRecords } from '../../../engine/repository/records.ts'
import { MemoryStorage } from '../../../engine/storage/memory.ts'
import { FaultyStorage, storageError } from '../../support/faultyStorage.ts'
import { namesIn } from '../../support/tempRepository.ts'

const name = 'versions/0123456789abcdef'
const copy = names.copy(name)
const good = Buffer.from('good: one')
const parse = (bytes: Uint8Array): string | undefined => {
  const text = Buffer.from(bytes).toString()
  return text.startsWith('good') ? text : undefined
}
const faultOf = (object: string, fault: string) => ({ name: object, fault })

function make() {
  const storage = new FaultyStorage(new MemoryStorage())
  const records = new MirroredRecords(storage)
  const set = (object: string, text: string) => storage.put(object, [Buffer.from(text)], { overwrite: true })
  return { storage, records, set }
}

describe('MirroredRecords', () => {
  it('stores the copy first and the record last, and may do so again', async () => {
    const { storage, records } = make()
    await records.put(name, good)
    expect(storage.calls).toEqual([`put ${copy}`, `put ${name}`])
    await records.put(name, Buffer.from('good: two'))
    for (const object of [name, copy]) expect(Buffer.from(await storage.get(object)).toString()).toBe('good: two')
  })

  it('keeps a record readable at every moment of storing and removing it', async () => {
    for (const broken of [name, copy]) {
      const { storage, records } = make()
      storage.fail({ operation: 'put', name: broken, when: 'before' })
      await expect(records.put(name, good)).rejects.toMatchObject({ code: 'storage.unreachable' })
      const isThere = (await records.list('versions')).includes(name)
      expect((await records.read(name, parse)).state).toBe(isThere ? 'ok' : 'missing')

      await records.put(name, good)
      storage.fail({ operation: 'delete', name: broken, when: 'before' })
      await expect(records.delete(name)).rejects.toMatchObject({ code: 'storage.unreachable' })
      expect(await records.list('versions')).toEqual([name])
      expect(await records.read(name, parse)).toMatchObject({ state: 'ok', value: 'good: one' })
      await records.delete(name)
      expect(await records.list('versions')).toEqual([])
    }
  })

  it('reads only the first copy when that is sound, and both when asked to', async () => {
    const { storage, records } = make()
    await records.put(name, good)
    storage.calls.length = 0
    expect(await records.read(name, parse)).toEqual({
      state: 'ok',
      value: 'good: one',
      bytes: expect.anything(),
      faults: [],
    })
    expect(storage.calls).toEqual([`get ${name}`])
    await storage.delete(copy)
    expect(await records.read(name, parse, { both: true })).toMatchObject({
      state: 'ok',
      faults: [faultOf(copy, 'missing')],
    })
  })

  it.each([
    ['altered', 'bad', 'altered'],
    ['missing', undefined, 'missing'],
  ])('reads the other copy when one is %s', async (_, text, fault) => {
    for (const object of [name, copy]) {
      const { storage, records, set } = make()
      await records.put(name, good)
      if (text === undefined) await storage.delete(object)
      else await set(object, text)
      const read = await records.read(name, parse, { both: true })
      expect(read).toMatchObject({ state: 'ok', value: 'good: one', faults: [faultOf(object, fault)] })
    }
  })

  it('reads the other copy when the medium does not give one back, and says so when it gives neither', async () => {
    for (const object of [name, copy]) {
      const { storage, records } = make()
      await records.put(name, good)
      const fault = {
        operation: 'get',
        name: object,
        when: 'before',
        error: storageError('storage.failed', true),
      } as const
      storage.fail(fault, fault)
      const read = await records.read(name, parse, { both: true })
      expect(read).toMatchObject({ state: 'ok', value: 'good: one', faults: [faultOf(object, 'altered')] })
      expect(await records.variants(name)).toHaveLength(1)

      await storage.delete(object === name ? copy : name)
      storage.fail(fault, fault)
      await expect(records.read(name, parse)).rejects.toMatchObject({ code: 'storage.failed' })
      await expect(records.variants(name)).rejects.toMatchObject({ code: 'storage.failed' })
    }
  })

  it('fails when the storage cannot be reached, even if the other copy could be read', async () => {
    const { storage, records } = make()
    await records.put(name, good)
    storage.fail({ operation: 'get', name, when: 'before' }, { operation: 'get', name, when: 'before' })
    await expect(records.read(name, parse)).rejects.toMatchObject({ code: 'storage.unreachable' })
    await expect(records.variants(name)).rejects.toMatchObject({ code: 'storage.unreachable' })
  })

  it('tells damaged from missing', async () => {
    const { records, set, storage } = make()
    expect(await records.read(name, parse)).toEqual({ state: 'missing' })
    await set(copy, 'bad')
    expect(await records.read(name, parse)).toEqual({
      state: 'damaged',
      faults: [faultOf(name, 'missing'), faultOf(copy, 'altered')],
    })
    await set(name, 'worse')
    expect(await records.read(name, parse)).toEqual({
      state: 'damaged',
      faults: [faultOf(name, 'altered'), faultOf(copy, 'altered')],
    })
    expect(await records.variants(name)).toHaveLength(2)
    await storage.delete(name)
    await storage.delete(copy)
    expect(await records.variants(name)).toEqual([])
  })

  it('takes two sound copies that differ for a fault of the second, and heals it', async () => {
    const { records, set } = make()
    await records.put(name, good)
    await set(copy, 'good: two')
    const read = await records.read(name, parse, { both: true })
    expect(read).toMatchObject({ state: 'ok', value: 'good: one', faults: [faultOf(copy, 'altered')] })
    if (read.state === 'ok') await records.heal(name, read.bytes)
    expect(await records.read(name, parse, { both: true })).toMatchObject({ state: 'ok', faults: [] })
  })

  it('lists what is there in either place, each once and in order', async () => {
    const { records, storage, set } = make()
    for (const id of ['c', 'a', 'b']) await records.put(`marks/${id}`, good)
    await storage.delete('marks/b')
    await storage.delete(names.copy('marks/c'))
    await set('copies/versions/x', 'not a mark')
    expect(await records.list('marks')).toEqual(['marks/a', 'marks/b', 'marks/c'])
    expect(await namesIn(storage, 'copies/marks')).toEqual(['copies/marks/a', 'copies/marks/b'])
  })
})
