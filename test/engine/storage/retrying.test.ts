import { describe, expect, it } from 'vitest'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import { MemoryStorage } from '../../../engine/storage/memory.ts'
import {
  attemptsAt,
  backoffMs,
  type RetryNotice,
  type RetryOptions,
  retrying,
} from '../../../engine/storage/retrying.ts'
import { collect } from '../../suites/storageReadingSuite.ts'
import { describeStorage } from '../../suites/storageSuite.ts'
import { FaultyStorage, seeded, storageError } from '../../support/faultyStorage.ts'
import { LeapingClock } from '../../support/leapingClock.ts'

const smallest = () => 0

function set(options: RetryOptions = {}) {
  const memory = new MemoryStorage()
  const faulty = new FaultyStorage(memory)
  const clock = new LeapingClock()
  const notices: RetryNotice[] = []
  const onRetry = (notice: RetryNotice) => notices.push(notice)
  const storage = retrying(faulty, { clock, random: smallest, firstDelayMs: 100, onRetry, ...options })
  return { memory, faulty, clock, notices, storage }
}

describeStorage('retrying storage', async () => ({ storage: retrying(new MemoryStorage()) }))

// A storage that fails often, repeated often enough, must keep every guarantee of one that never fails.
describeStorage('retrying storage over one that fails a third of the time', async () => ({
  storage: retrying(new FaultyStorage(new MemoryStorage(), { random: { seed: 7, before: 0.2, after: 0.2 } }), {
    attempts: 60,
    clock: new LeapingClock(),
  }),
}))

describe('retrying storage', () => {
  it('repeats a call that failed for a passing reason, after a growing wait', async () => {
    const { storage, faulty, clock, notices } = set()
    await storage.put('a', [Buffer.from('a')])
    faulty.fail({ operation: 'get', when: 'before', times: 3 })
    expect(Buffer.from(await storage.get('a')).toString()).toBe('a')
    expect(clock.sleeps).toEqual([50, 100, 200])
    expect(notices.map(notice => notice.attempt)).toEqual([1, 2, 3])
  })

  it('waits as long as the storage asks for, and no longer than five minutes', async () => {
    const { storage, faulty, clock } = set()
    const asks = (retryAfterMs: unknown) =>
      new HoldfastError('storage.throttled', 'busy', { retryable: true, details: { retryAfterMs } })
    for (const ms of [20, 4000, 3_600_000, 'soon']) faulty.fail({ operation: 'stat', when: 'before', error: asks(ms) })
    await storage.stat('a')
    expect(clock.sleeps).toEqual([50, 4000, 300_000, 400])
  })

  it('gives up after the last attempt with its error', async () => {
    const { storage, faulty, clock } = set({ attempts: 3 })
    faulty.fail({ operation: 'stat', when: 'before', times: 2 })
    const last = storageError('storage.throttled', true)
    faulty.fail({ operation: 'stat', when: 'before', error: last, times: 5 })
    await expect(storage.stat('a')).rejects.toBe(last)
    expect(faulty.calls.length).toBe(3)
    expect(clock.sleeps.length).toBe(2)
  })

  it('does not repeat what would fail again', async () => {
    const { storage, faulty } = set()
    faulty.fail({ operation: 'put', when: 'before', error: storageError('storage.full', false) })
    await expect(storage.put('a', [])).rejects.toMatchObject({ code: 'storage.full' })
    await expect(storage.get('a')).rejects.toMatchObject({ code: 'storage.objectNotFound' })
    expect(faulty.calls).toEqual(['put a', 'get a'])
  })

  it('does not repeat what is no expected failure', async () => {
    const memory = new MemoryStorage()
    let calls = 0
    memory.freeBytes = async () => {
      calls++
      throw new TypeError('a mistake')
    }
    await expect(retrying(memory).freeBytes()).rejects.toThrow(TypeError)
    expect(calls).toBe(1)
  })

  it('succeeds when a put was carried out and only its answer was lost', async () => {
    const { storage, faulty, memory } = set()
    faulty.fail({ operation: 'put', when: 'after' })
    await storage.put('a', [Buffer.from('on'), Buffer.from(''), Buffer.from('e')])
    expect(Buffer.from(await memory.get('a')).toString()).toBe('one')
    expect(faulty.calls).toEqual(['put a', 'put a', 'stat a', 'get a'])
  })

  it('also succeeds when reading the object back has to be repeated', async () => {
    const { storage, faulty } = set()
    faulty.fail(
      { operation: 'put', when: 'after' },
      { operation: 'stat', when: 'before' },
      { operation: 'get', when: 'before' },
    )
    await storage.put('a', [Buffer.from('one')])
    expect(faulty.calls).toEqual(['put a', 'put a', 'stat a', 'stat a', 'get a', 'get a'])
  })

  it('keeps an object of somebody else that appeared between two attempts', async () => {
    for (const theirs of ['two', 'longer', '']) {
      const { storage, faulty, memory } = set()
      faulty.fail({ operation: 'put', when: 'before' })
      await memory.put('a', [Buffer.from(theirs)])
      await expect(storage.put('a', [Buffer.from('one')])).rejects.toMatchObject({ code: 'storage.objectExists' })
      expect(Buffer.from(await memory.get('a')).toString()).toBe(theirs)
    }
  })

  it('takes an object that was there before the first attempt for an existing one, even when it is equal', async () => {
    const { storage, faulty } = set()
    await storage.put('a', [Buffer.from('one')])
    await expect(storage.put('a', [Buffer.from('one')])).rejects.toMatchObject({ code: 'storage.objectExists' })
    expect(faulty.calls).toEqual(['put a', 'put a'])
  })

  it('goes on with a listing that breaks off, without repeating objects', async () => {
    const { storage, faulty } = set({ attempts: 2 })
    for (const name of ['f/a', 'f/b', 'f/c']) await storage.put(name, [])
    faulty.fail({ operation: 'list', when: 'after' })
    expect((await collect(storage.list('f'))).map(info => info.name)).toEqual(['f/a', 'f/b', 'f/c'])
    expect(faulty.calls.filter(call => call === 'list f').length).toBe(2)
  })

  it('gives up a listing that makes no progress', async () => {
    const { storage, faulty } = set({ attempts: 3 })
    await storage.put('f/a', [])
    faulty.fail({ operation: 'list', when: 'before', times: 9 })
    await expect(collect(storage.list('f'))).rejects.toMatchObject({ code: 'storage.unreachable' })
    expect(faulty.calls.filter(call => call === 'list f').length).toBe(3)
  })

  it('repeats delete, prepare, sweepTemporary and freeBytes', async () => {
    const { storage, faulty, memory } = set()
    await memory.put('a', [])
    for (const operation of ['delete', 'prepare', 'sweepTemporary', 'freeBytes'] as const) {
      faulty.fail({ operation, when: 'after' })
    }
    await storage.delete('a')
    await storage.prepare(['f'])
    expect(await storage.sweepTemporary()).toBe(0)
    expect(await storage.freeBytes()).toBeUndefined()
    expect(faulty.calls.length).toBe(8)
  })

  it('stops waiting when it is cancelled', async () => {
    const abort = new AbortController()
    const { storage, faulty, clock } = set({ onRetry: () => abort.abort() })
    faulty.fail({ operation: 'get', when: 'before', times: 9 })
    await expect(storage.get('a', undefined, abort.signal)).rejects.toMatchObject({ code: 'run.cancelled' })
    expect(faulty.calls).toEqual(['get a'])
    expect(clock.sleeps).toEqual([])
  })
})

describe('backoffMs', () => {
  it('doubles up to the longest delay and takes between half and all of it', () => {
    const largest = (below: number) => below - 1
    const waits = (random: (below: number) => number) => [1, 2, 3, 4, 50].map(n => backoffMs(n, 100, 500, random))
    expect(waits(smallest)).toEqual([50, 100, 200, 250, 250])
    expect(waits(largest)).toEqual([100, 200, 400, 500, 500])
  })
})

describe('faulty storage', () => {
  it('fails in the same way for the same seed', async () => {
    const run = async (seed: number) => {
      const storage = new FaultyStorage(new MemoryStorage(), { random: { seed, before: 0.3, after: 0.3 } })
      const outcomes: string[] = []
      for (let index = 0; index < 40; index++) {
        outcomes.push(
          await storage.put(`o${index}`, []).then(
            () => 'ok',
            error => error.code,
          ),
        )
      }
      return outcomes
    }
    expect(await run(1)).toEqual(await run(1))
    expect(await run(1)).not.toEqual(await run(2))
    expect(new Set(await run(1))).toEqual(new Set(['ok', 'storage.unreachable']))
  })

  it('is full after so many bytes, and goes on reading', async () => {
    const storage = new FaultyStorage(new MemoryStorage(), { capacityBytes: 10 })
    await storage.put('a', [Buffer.alloc(6)])
    await expect(storage.put('b', [Buffer.alloc(5)])).rejects.toMatchObject({ code: 'storage.full' })
    expect(await storage.stat('b')).toBeUndefined()
    expect((await storage.get('a')).length).toBe(6)
    await storage.put('c', [Buffer.alloc(4)])
  })

  it('takes its time when told so', async () => {
    const clock = new LeapingClock()
    const storage = new FaultyStorage(new MemoryStorage(), { random: { seed: 3, latencyMs: 80 }, clock })
    for (const name of ['a', 'b', 'c']) await storage.put(name, [])
    const expected = seeded(3)
    const drawn = Array.from({ length: 9 }, () => expected())
    expect(clock.sleeps).toEqual([drawn[0]! * 80, drawn[3]! * 80, drawn[6]! * 80])
  })
})

describe('attemptsAt', () => {
  it('goes on for more than two minutes elsewhere, whatever the lot says', () => {
    let waited = 0
    for (let attempt = 1; attempt < attemptsAt('s3:bucket'); attempt++)
      waited += backoffMs(attempt, 1000, 60_000, smallest)
    expect(waited).toBeGreaterThan(120_000)
    expect(attemptsAt('file:/media/drive')).toBeLessThan(attemptsAt('b2:bucket'))
  })
})
