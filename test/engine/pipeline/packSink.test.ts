import { describe, expect, it } from 'vitest'
import { PackSink } from '../../../engine/pipeline/packSink.ts'
import { encodeFrames } from '../../../engine/repository/pack.ts'
import { PackBuilder } from '../../../engine/repository/packBuilder.ts'
import { MemoryStorage } from '../../../engine/storage/memory.ts'
import { FaultyStorage } from '../../support/faultyStorage.ts'
import { useRepositories } from '../../support/tempRepository.ts'

const repositories = useRepositories()

async function setUp() {
  const storage = new FaultyStorage(new MemoryStorage())
  const { repository } = await repositories.create({ storage })
  const sink = new PackSink(repository)
  const told: string[] = []
  const put = async (name: string) => {
    const { id, wrappedKey, bytes, frames } = new PackBuilder(repository.keyring.pack).finish()
    await sink.put(
      { id, wrappedKey, bytes, frames: encodeFrames(frames) },
      () => told.push(`${name} stored`),
      () => told.push(`${name} released`),
    )
  }
  return { storage, sink, told, put }
}

describe('the memory of a pack', () => {
  it('is given back when the pack is stored', async () => {
    const { sink, told, put } = await setUp()
    await put('a')
    await sink.flush()
    expect(told).toEqual(['a stored', 'a released'])
  })

  it('is given back when the pack cannot be stored, and that of those which come after', async () => {
    const { storage, sink, told, put } = await setUp()
    storage.fail({ operation: 'put', name: /^packs\//, when: 'before' })
    await put('a')
    await sink.settle()
    expect(told).toEqual(['a released'])
    await expect(put('b')).rejects.toMatchObject({ code: 'storage.unreachable' })
    expect(told).toEqual(['a released', 'b released'])
  })

  it('goes to the storage with no more than it takes at one time, however many come at once', async () => {
    const { storage, sink, put } = await setUp()
    let underWay = 0
    let most = 0
    const { put: inner } = storage
    storage.put = async (...args) => {
      most = Math.max(most, ++underWay)
      await inner.apply(storage, args)
      underWay--
    }
    await Promise.all(Array.from({ length: 12 }, (_, n) => put(String(n))))
    await sink.settle()
    expect(most).toBe(sink.parallelPuts)
  })
})
