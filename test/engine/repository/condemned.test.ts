import { describe, expect, it } from 'vitest'
import { randomBytes, randomHex } from '../../../engine/base/random.ts'
import { Condemned } from '../../../engine/repository/condemned.ts'
import { MemoryStorage } from '../../../engine/storage/memory.ts'
import { FaultyStorage } from '../../support/faultyStorage.ts'
import { alter, flipped, namesIn } from '../../support/tempRepository.ts'

const at = '2026-01-31T10:00:00.000Z'
const packs = [randomHex(16), randomHex(16)]
const locks = [randomHex(16)]

function make() {
  const storage = new FaultyStorage(new MemoryStorage())
  const key = randomBytes(32)
  return { storage, key, condemned: new Condemned(storage, key) }
}

describe('lists of condemned packs', () => {
  it('name packs, and the locks that were held, from their storing to their removal', async () => {
    const { condemned, storage } = make()
    expect(await condemned.list()).toEqual([])
    const id = await condemned.condemn(packs, at)
    expect(await condemned.list()).toEqual([{ id, packs, holders: undefined }])
    await condemned.setHolders(id, locks)
    const second = await condemned.condemn([packs[0]!], at)
    await condemned.setHolders(second, [])
    const lists = await condemned.list()
    expect(lists).toHaveLength(2)
    expect(lists).toContainEqual({ id, packs, holders: locks })
    expect(lists).toContainEqual({ id: second, packs: [packs[0]], holders: [] })
    await condemned.remove(id)
    expect(await condemned.list()).toEqual([{ id: second, packs: [packs[0]], holders: [] }])
    await condemned.remove(second)
    await condemned.remove(second)
    expect(await namesIn(storage, 'condemned')).toEqual([])
  })

  it('condemn nothing when they are damaged or of another repository', async () => {
    const { condemned, storage } = make()
    const id = await condemned.condemn(packs, at)
    expect(await new Condemned(storage, randomBytes(32)).list()).toEqual([])
    await alter(storage, `condemned/${id}`, flipped(50))
    expect(await condemned.list()).toEqual([])
  })

  it('do not know their holders when these are damaged: somebody from before may still be there', async () => {
    const { condemned, storage } = make()
    const id = await condemned.condemn(packs, at)
    await condemned.setHolders(id, locks)
    await alter(storage, `condemned/${id}.holders`, flipped(50))
    expect(await condemned.list()).toEqual([{ id, packs, holders: undefined }])
    await condemned.setHolders(id, [])
    expect(await condemned.list()).toEqual([{ id, packs, holders: [] }])
  })

  it('mean nothing any more once they are half removed', async () => {
    const { condemned, storage } = make()
    const id = await condemned.condemn(packs, at)
    await condemned.setHolders(id, locks)
    storage.fail({ operation: 'delete', name: /holders$/, when: 'before' })
    await expect(condemned.remove(id)).rejects.toMatchObject({ code: 'storage.unreachable' })
    expect(await condemned.list()).toEqual([])
  })

  it('are left out when they are removed while being listed, and fail when they cannot be read', async () => {
    const { condemned, storage } = make()
    await condemned.condemn(packs, at)
    storage.fail({ operation: 'get', when: 'before' })
    await expect(condemned.list()).rejects.toMatchObject({ code: 'storage.unreachable' })
    const { get } = storage
    storage.get = async (name, ...rest) => {
      await storage.delete(name)
      return get.call(storage, name, ...rest)
    }
    expect(await condemned.list()).toEqual([])
  })
})
