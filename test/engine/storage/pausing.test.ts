import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../engine/base/clock.ts'
import { PauseGate } from '../../../engine/base/pauseGate.ts'
import { isLockName } from '../../../engine/repository/format.ts'
import { MemoryStorage } from '../../../engine/storage/memory.ts'
import { pausing } from '../../../engine/storage/pausing.ts'
import type { Storage } from '../../../engine/storage/storage.ts'
import { describeStorage } from '../../suites/storageSuite.ts'
import { FaultyStorage } from '../../support/faultyStorage.ts'

describeStorage('pausing storage that is not paused', async () => ({
  storage: pausing(new MemoryStorage(), { gate: new PauseGate(systemClock), passes: () => false }),
}))

async function make() {
  const inner = new FaultyStorage(new MemoryStorage())
  const gate = new PauseGate(systemClock)
  const storage = pausing(inner, { gate, passes: isLockName })
  await storage.put('a', [Buffer.from('held')])
  inner.calls.length = 0
  return { inner, gate, storage }
}

const namesOf = async (storage: Storage) => {
  const found: string[] = []
  for await (const { name } of storage.list('packs')) found.push(name)
  return found
}

describe('pausing storage', () => {
  it('asks nothing of the storage while it is paused, and everything afterwards', async () => {
    const { inner, gate, storage } = await make()
    gate.pause()
    const calls = [
      storage.put('packs/b', [Buffer.from('b')]),
      storage.get('a'),
      storage.stat('a'),
      storage.delete('c'),
      storage.sweepTemporary(),
      storage.freeBytes(),
      namesOf(storage),
    ] as const
    await new Promise(resolve => setTimeout(resolve, 20))
    expect(inner.calls).toEqual([])
    gate.resume()
    const [, data, info, , , , names] = await Promise.all(calls)
    expect(Buffer.from(data).toString()).toBe('held')
    expect(info).toMatchObject({ sizeBytes: 4 })
    expect(names).toEqual(['packs/b'])
  })

  it('lets locks be refreshed and released all the same', async () => {
    const { gate, storage } = await make()
    gate.pause()
    await storage.put('locks/1', [Buffer.from('1')])
    expect(await storage.stat('locks/1')).toMatchObject({ sizeBytes: 1 })
    await storage.delete('locks/1')
    expect(await storage.stat('locks/1')).toBeUndefined()
  })

  it('goes no further in a listing that was begun before', async () => {
    const { gate, storage } = await make()
    await storage.put('packs/1', [Buffer.from('1')])
    await storage.put('packs/2', [Buffer.from('2')])
    const listing = storage.list('packs')[Symbol.asyncIterator]()
    await listing.next()
    gate.pause()
    let isThere = false
    const next = listing.next().then(() => {
      isThere = true
    })
    await new Promise(resolve => setTimeout(resolve, 20))
    expect(isThere).toBe(false)
    gate.resume()
    await next
  })

  it('can be cancelled while it is paused', async () => {
    const { gate, storage, inner } = await make()
    gate.pause()
    const abort = new AbortController()
    const { signal } = abort
    const calls = [storage.put('b', [Buffer.from('b')], { signal }), storage.get('a', undefined, signal)]
    abort.abort()
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'run.cancelled' })
    expect(inner.calls).toEqual([])
  })

  it('lets no thread read by itself while it is paused', async () => {
    const inner = Object.assign(new MemoryStorage(), { fileOf: (name: string) => `/somewhere/${name}` })
    const gate = new PauseGate(systemClock)
    const storage = pausing(inner, { gate, passes: isLockName })
    expect(storage.fileOf?.('a')).toBe('/somewhere/a')
    gate.pause()
    expect(storage.fileOf?.('a')).toBeUndefined()
    gate.resume()
    expect(storage.fileOf?.('a')).toBe('/somewhere/a')
  })
})
