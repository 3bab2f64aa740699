import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../engine/base/clock.ts'
import { Limiter } from '../../../engine/base/limiter.ts'
import { limiting } from '../../../engine/storage/limiting.ts'
import { MemoryStorage } from '../../../engine/storage/memory.ts'
import { describeStorage } from '../../suites/storageSuite.ts'
import { LeapingClock } from '../../support/leapingClock.ts'

describeStorage('limiting storage with a slow limit', async () => {
  const clock = new LeapingClock()
  const limits = { read: new Limiter(1000, clock), write: new Limiter(1000, clock) }
  return { storage: limiting(new MemoryStorage(), limits) }
})

describeStorage('limiting storage without limits', async () => ({ storage: limiting(new MemoryStorage(), {}) }))

describe('limiting storage', () => {
  it('holds puts to their limit and leaves gets alone', async () => {
    const clock = new LeapingClock()
    const storage = limiting(new MemoryStorage(), { write: new Limiter(1000, clock) })
    await storage.put('a', [Buffer.alloc(600), Buffer.alloc(400)])
    expect(clock.sleeps).toEqual([])
    await storage.put('b', [Buffer.alloc(500)])
    await storage.get('a')
    await storage.get('a')
    expect(clock.sleeps).toEqual([500])
  })

  it('holds gets to their limit, of ranges and of whole objects', async () => {
    const clock = new LeapingClock()
    const storage = limiting(new MemoryStorage(), { read: new Limiter(1000, clock) })
    await storage.put('a', [Buffer.alloc(5000)])
    await storage.get('a', { offset: 100, length: 1000 })
    await storage.get('a', { offset: 100, length: 1000 })
    await storage.get('a')
    expect(clock.sleeps).toEqual([1000, 5000])
  })

  it('shares one limit among several storages', async () => {
    const clock = new LeapingClock()
    const write = new Limiter(1000, clock)
    await limiting(new MemoryStorage(), { write }).put('a', [Buffer.alloc(1000)])
    await limiting(new MemoryStorage(), { write }).put('a', [Buffer.alloc(300)])
    expect(clock.sleeps).toEqual([300])
  })

  it('writes nothing when it is cancelled while it waits', async () => {
    const memory = new MemoryStorage()
    const abort = new AbortController()
    const storage = limiting(memory, { write: new Limiter(1, systemClock) })
    const put = storage.put('a', [Buffer.alloc(1_000_000)], { signal: abort.signal })
    abort.abort()
    await expect(put).rejects.toMatchObject({ code: 'run.cancelled' })
    expect(await memory.stat('a')).toBeUndefined()
  })
})
