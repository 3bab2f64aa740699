import { afterEach, describe, expect, it, vi } from 'vitest'
import { PauseGate } from '../../../engine/base/pauseGate.ts'
import { ownIdentity, startTicksOf } from '../../../engine/base/processIdentity.ts'
import { randomBytes, randomHex } from '../../../engine/base/random.ts'
import { isLockName, names, sealedKind } from '../../../engine/repository/format.ts'
import { type Lock, type LockInfo, Locks, lockLifetimeMs } from '../../../engine/repository/locks.ts'
import { openObject, sealObject } from '../../../engine/repository/sealedObject.ts'
import { MemoryStorage } from '../../../engine/storage/memory.ts'
import { pausing } from '../../../engine/storage/pausing.ts'
import { AppendOnlyStorage } from '../../support/appendOnlyStorage.ts'
import { FaultyStorage } from '../../support/faultyStorage.ts'
import { LeapingClock } from '../../support/leapingClock.ts'
import { alter, flipped, namesIn } from '../../support/tempRepository.ts'

const key = randomBytes(32)
const minuteMs = 60_000
const elsewhere = { ...ownIdentity(), host: 'elsewhere/0123', bootId: 'another boot' }
const deadHere = { ...ownIdentity(), startTicks: '1' }

const held: Lock[] = []
afterEach(async () => {
  vi.useRealTimers()
  for (const lock of held.splice(0)) await lock.release()
})

function make() {
  const clock = new LeapingClock()
  const storage = new FaultyStorage(new MemoryStorage(clock))
  const locks = new Locks(storage, key, clock)
  const acquire = async (...args: Parameters<Locks['acquire']>) => {
    const lock = await locks.acquire(...args)
    held.push(lock)
    return lock
  }
  /** A lock of another process, as it would have stored it now. */
  const plant = async (facts: Partial<LockInfo>): Promise<string> => {
    const id = randomHex(16)
    const info = { id, kind: 'shared', purpose: 'backup', startedAt: clock.now(), refreshedAt: clock.now(), ...facts }
    const bytes = sealObject(key, sealedKind.lock, names.lock(id), Buffer.from(JSON.stringify(info)))
    await storage.put(names.lock(id), [bytes])
    return id
  }
  const living = async () => (await locks.living()).map(lock => lock.id as string)
  return { clock, storage, locks, acquire, plant, living }
}

/** Lets the refresh timer fire by hand, while the clock of the locks is a fake one. */
function holdTimers() {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  return (ms: number) => vi.advanceTimersByTimeAsync(ms)
}

describe('locks', () => {
  it('are shared by many, and each is gone when it is released', async () => {
    const { acquire, living, storage, locks } = make()
    const all = [await acquire('shared', 'backup'), await acquire('shared', 'scrub'), await acquire('prune', 'prune')]
    expect((await living()).sort()).toEqual(all.map(lock => lock.id as string).sort())
    expect((await locks.living()).map(lock => lock.purpose).sort()).toEqual(['backup', 'prune', 'scrub'])
    for (const lock of all) await lock.assertHeld()
    for (const lock of all) await lock.release()
    expect(await namesIn(storage, 'locks')).toEqual([])
    for (const lock of all) await expect(lock.assertHeld()).rejects.toMatchObject({ code: 'repository.lockLost' })
  })

  it('let one prune in at a time, and say who is in the way', async () => {
    const { acquire, storage, clock } = make()
    const since = new Date(clock.now()).toISOString()
    const first = await acquire('prune', 'prune')
    await expect(acquire('prune', 'prune')).rejects.toMatchObject({
      code: 'repository.locked',
      retryable: true,
      details: { pid: process.pid, since },
    })
    expect(await namesIn(storage, 'locks')).toEqual([names.lock(first.id)])
    await first.release()
    await (await acquire('prune', 'prune')).assertHeld()
  })

  it('let at most one in of prunes that begin at the same moment', async () => {
    const { acquire, living } = make()
    const outcomes = await Promise.allSettled(Array.from({ length: 4 }, () => acquire('prune', 'prune')))
    const winners = outcomes.flatMap(one => (one.status === 'fulfilled' ? [one.value.id as string] : []))
    expect(winners.length).toBeLessThanOrEqual(1)
    expect(await living()).toEqual(winners)
    for (const one of outcomes) if (one.status === 'rejected') expect(one.reason.code).toBe('repository.locked')
  })

  it('wait for a prune that ends soon', async () => {
    const { acquire, clock } = make()
    const first = await acquire('prune', 'prune')
    const { sleep } = clock
    clock.sleep = async (...args) => {
      await first.release()
      return sleep.apply(clock, args)
    }
    await (await acquire('prune', 'prune')).assertHeld()
  })

  it('of processes that died on this boot are removed at once', async () => {
    const { plant, living, storage, acquire } = make()
    await plant({ holder: deadHere, kind: 'prune' })
    await plant({ holder: deadHere })
    const alive = await plant({ holder: { ...ownIdentity(), pid: process.ppid, startTicks: '' } })
    expect(await living()).toEqual([alive])
    expect(await namesIn(storage, 'locks')).toEqual([names.lock(alive)])
    await acquire('prune', 'prune')
  })

  it('of dead processes are gone as soon as anybody takes a lock, those of the living and of other computers stay', async () => {
    const { plant, acquire, storage, clock } = make()
    await plant({ holder: deadHere, kind: 'prune' })
    await plant({ holder: deadHere })
    const others = [
      await plant({ holder: { ...ownIdentity(), pid: process.ppid, startTicks: startTicksOf(process.ppid) } }),
      await plant({ holder: elsewhere }),
      await plant({ holder: elsewhere, refreshedAt: clock.now() - 5 * lockLifetimeMs }),
    ]
    const first = await acquire('shared', 'backup')
    storage.calls.length = 0
    const second = await acquire('shared', 'scrub')
    expect(storage.calls.filter(call => call.startsWith('list'))).toHaveLength(1)
    const ours = [first.id, second.id] as string[]
    for (const id of ours) expect(storage.calls).not.toContain(`get ${names.lock(id)}`)
    expect(await namesIn(storage, 'locks')).toEqual([...others, ...ours].map(names.lock).sort())
    for (const lock of [first, second]) await lock.assertHeld()
    clock.advance(lockLifetimeMs + 1)
    const third = await acquire('shared', 'restore')
    const left = [others[0]!, ...ours, third.id as string]
    expect(await namesIn(storage, 'locks')).toEqual(left.map(names.lock).sort())
  })

  it('that cannot be listed, read or removed keep nobody from taking a shared one', async () => {
    const { plant, acquire, storage } = make()
    const ids = [await plant({ holder: deadHere }), await plant({ holder: deadHere })]
    const reads = { operation: 'get', when: 'before', name: names.lock(ids[0]!) } as const
    const removal = { operation: 'delete', when: 'before', name: names.lock(ids[1]!) } as const
    storage.fail({ operation: 'list', when: 'before' }, { ...reads }, { ...removal })
    await (await acquire('shared', 'backup')).assertHeld()
    await (await acquire('shared', 'backup')).assertHeld()
    expect(await namesIn(storage, 'locks')).toEqual(expect.arrayContaining(ids.map(names.lock)))
    await acquire('shared', 'backup')
    for (const id of ids) expect(await namesIn(storage, 'locks')).not.toContain(names.lock(id))
  })

  it('are not taken for dead while they are placed, refreshed and released by many at once', async () => {
    const pass = holdTimers()
    const { acquire, clock, storage, locks } = make()
    const own = await acquire('shared', 'backup')
    for (let round = 0; round < 10; round++) {
      clock.advance(5 * minuteMs)
      const refreshed = pass(5 * minuteMs)
      await Promise.all(Array.from({ length: 5 }, async () => (await locks.acquire('shared', 'scrub')).release()))
      await refreshed
      await own.assertHeld()
    }
    expect(await namesIn(storage, 'locks')).toEqual([names.lock(own.id)])
  })

  it('of other computers count until they were not refreshed for their lifetime', async () => {
    const { plant, living, clock, acquire } = make()
    const id = await plant({ holder: elsewhere, kind: 'prune' })
    const endsAt = clock.now() + lockLifetimeMs
    await expect(acquire('prune', 'prune')).rejects.toMatchObject({
      code: 'repository.locked',
      details: { host: 'elsewhere' },
    })
    clock.advance(endsAt - clock.now())
    expect(await living()).toEqual([id])
    clock.advance(1)
    expect(await living()).toEqual([])
  })

  it('of computers with a wrong clock count as long as the storage sees them refreshed', async () => {
    const { plant, living, clock } = make()
    const wrong = [-5, 5].map(hours => clock.now() + hours * 60 * minuteMs)
    const ids = await Promise.all(wrong.map(refreshedAt => plant({ holder: elsewhere, refreshedAt })))
    clock.advance(lockLifetimeMs)
    expect((await living()).sort()).toEqual(ids.sort())
    clock.advance(1)
    expect(await living()).toEqual([])
  })

  it('that are garbage count until their time is over, and what is no lock does not', async () => {
    const { plant, living, clock, storage } = make()
    const garbage = await plant({ holder: deadHere })
    await alter(storage, names.lock(garbage), flipped(50))
    await storage.put('locks/desktop.ini', [Buffer.from('[shell]')])
    clock.advance(lockLifetimeMs)
    expect(await living()).toEqual([garbage])
    clock.advance(1)
    expect(await living()).toEqual([])
    expect(await namesIn(storage, 'locks')).toEqual(['locks/desktop.ini'])
  })

  it('that are released while others look do not count', async () => {
    const { acquire, living, storage } = make()
    const lock = await acquire('shared', 'backup')
    const { get } = storage
    storage.get = async (...args) => {
      await lock.release()
      return get.apply(storage, args)
    }
    expect(await living()).toEqual([])
  })
})

describe('a lock that is held', () => {
  it('refreshes itself, and so outlives its lifetime', async () => {
    const pass = holdTimers()
    const { acquire, clock, storage } = make()
    const lock = await acquire('shared', 'backup')
    for (let i = 0; i < 20; i++) {
      clock.advance(5 * minuteMs)
      await pass(5 * minuteMs)
      await lock.assertHeld()
    }
    const info = openObject(key, sealedKind.lock, names.lock(lock.id), await storage.get(names.lock(lock.id)))!
    expect(JSON.parse(info.toString())).toMatchObject({
      startedAt: clock.now() - 100 * minuteMs,
      refreshedAt: clock.now(),
    })
  })

  it('is refreshed while the run that it is of is paused', async () => {
    const pass = holdTimers()
    const { clock, storage, living } = make()
    const gate = new PauseGate(clock)
    const paused = pausing(storage, { gate, passes: isLockName })
    const lock = await new Locks(paused, key, clock).acquire('shared', 'backup')
    held.push(lock)
    gate.pause()
    for (let i = 0; i < 20; i++) {
      clock.advance(5 * minuteMs)
      await pass(5 * minuteMs)
    }
    expect(lock.isLost).toBe(false)
    await lock.assertHeld()
    expect(await living()).toEqual([lock.id])
    const info = openObject(key, sealedKind.lock, names.lock(lock.id), await storage.get(names.lock(lock.id)))!
    expect(JSON.parse(info.toString())).toMatchObject({ refreshedAt: clock.now() })
  })

  it('is lost to a holder that was stalled for half its lifetime, and does not come back', async () => {
    const pass = holdTimers()
    const { acquire, clock, storage } = make()
    const lock = await acquire('shared', 'backup')
    clock.advance(lockLifetimeMs / 2)
    await lock.assertHeld()
    expect(lock.isLost).toBe(false)
    clock.advance(1)
    expect(lock.isLost).toBe(true)
    await expect(lock.assertHeld()).rejects.toMatchObject({ code: 'repository.lockLost', retryable: true })
    storage.calls.length = 0
    await pass(5 * minuteMs)
    expect(storage.calls).toEqual([])
    clock.advance(-minuteMs)
    await expect(lock.assertHeld()).rejects.toMatchObject({ code: 'repository.lockLost' })
  })

  it('is not refreshed by a holder that wakes up too late, even before it asks', async () => {
    const pass = holdTimers()
    const { acquire, clock, storage } = make()
    const lock = await acquire('shared', 'backup')
    storage.calls.length = 0
    clock.advance(lockLifetimeMs / 2 + 1)
    await pass(5 * minuteMs)
    expect(storage.calls).toEqual([])
    clock.advance(-minuteMs)
    await expect(lock.assertHeld()).rejects.toMatchObject({ code: 'repository.lockLost' })
  })

  it('is lost when the clock was set back by as much', async () => {
    const { acquire, clock } = make()
    const lock = await acquire('shared', 'backup')
    clock.advance(-lockLifetimeMs / 2 - 1)
    await expect(lock.assertHeld()).rejects.toMatchObject({ code: 'repository.lockLost' })
  })

  it('is lost when others have removed it, and its next refresh does not bring it back', async () => {
    const pass = holdTimers()
    const { acquire, storage } = make()
    const lock = await acquire('shared', 'backup')
    await storage.delete(names.lock(lock.id))
    await pass(5 * minuteMs)
    expect(await namesIn(storage, 'locks')).toEqual([])
    await expect(lock.assertHeld()).rejects.toMatchObject({ code: 'repository.lockLost' })
  })

  it('bears refreshes that fail, as long as one succeeds in time', async () => {
    const pass = holdTimers()
    const { acquire, clock, storage } = make()
    const lock = await acquire('shared', 'backup')
    storage.fail({ operation: 'put', when: 'before', times: 2 })
    for (let i = 0; i < 3; i++) {
      clock.advance(5 * minuteMs)
      await pass(5 * minuteMs)
    }
    await lock.assertHeld()
    clock.advance(lockLifetimeMs / 2)
    await lock.assertHeld()
  })

  it('is not written again after it was released, however slow a refresh is', async () => {
    const pass = holdTimers()
    const { acquire, storage } = make()
    const lock = await acquire('shared', 'backup')
    const { put } = storage
    const slow: (() => void)[] = []
    storage.put = async (...args) => {
      await new Promise<void>(resolve => slow.push(resolve))
      return put.apply(storage, args)
    }
    await pass(15 * minuteMs)
    const releasing = lock.release()
    // The latest first, so that one that came earlier could land after the release.
    while (slow.length > 0) {
      slow.pop()!()
      await new Promise(resolve => setImmediate(resolve))
    }
    await releasing
    expect(await namesIn(storage, 'locks')).toEqual([])
  })

  it('leaves nothing that counts when its storing, its check for rivals or its release fails', async () => {
    const { acquire, storage, living, locks } = make()
    for (const when of ['before', 'after'] as const) {
      storage.fail({ operation: 'put', when })
      await expect(acquire('shared', 'backup')).rejects.toMatchObject({ code: 'storage.unreachable' })
      expect(await living()).toEqual([])
    }
    storage.fail({ operation: 'list', when: 'before' })
    await expect(acquire('prune', 'prune')).rejects.toMatchObject({ code: 'storage.unreachable' })
    expect(await namesIn(storage, 'locks')).toEqual([])

    const lock = await locks.acquire('prune', 'prune')
    storage.fail({ operation: 'delete', when: 'before' })
    await expect(lock.release()).rejects.toMatchObject({ code: 'storage.unreachable' })
    // The process lives, but it does not hold this lock any more, and knows that.
    await acquire('prune', 'prune')
  })

  it('can be cancelled while it waits for a prune', async () => {
    const { acquire, clock, living } = make()
    const first = await acquire('prune', 'prune')
    const abort = new AbortController()
    const { sleep } = clock
    clock.sleep = (...args) => {
      abort.abort()
      return sleep.apply(clock, args)
    }
    await expect(acquire('prune', 'prune', abort.signal)).rejects.toMatchObject({ code: 'run.cancelled' })
    expect(await living()).toEqual([first.id])
  })
})

describe('locks where this key may not remove', () => {
  it('are over at once when they are released, for everybody', async () => {
    const { storage, clock, acquire } = make()
    const daily = new Locks(new AppendOnlyStorage(storage), key, clock)
    const lock = await daily.acquire('prune', 'prune')
    await lock.assertHeld()
    await lock.release()
    await expect(lock.assertHeld()).rejects.toMatchObject({ code: 'repository.lockLost' })
    expect(await namesIn(storage, 'locks')).toHaveLength(1)
    expect(await daily.living()).toEqual([])
    // Nobody waits for it, and whoever may remove does.
    const next = await acquire('prune', 'prune')
    expect(await namesIn(storage, 'locks')).toEqual([names.lock(next.id)])
  })

  it('of dead runs are over as well, and cost no read from then on', async () => {
    const { storage, clock, plant } = make()
    const append = new AppendOnlyStorage(storage)
    const daily = new Locks(append, key, clock)
    await plant({ holder: deadHere })
    const living = await plant({ holder: elsewhere })
    expect((await daily.living()).map(lock => lock.id as string)).toEqual([living])
    const before = append.refused.length
    const gets = vi.spyOn(append, 'get')
    for (let n = 0; n < 3; n++) await daily.living()
    expect(gets).toHaveBeenCalledTimes(3)
    expect(append.refused).toHaveLength(before)
  })

  it('is lost to a run that was stalled, and does not come back to life', async () => {
    const { storage, clock, acquire } = make()
    const tick = holdTimers()
    const lock = await acquire('shared', 'backup')
    await storage.put(names.lock(lock.id), [Buffer.from('released')], { overwrite: true })
    await tick(11 * minuteMs)
    expect((await storage.stat(names.lock(lock.id)))?.sizeBytes).toBe(8)
    await expect(lock.assertHeld()).rejects.toMatchObject({ code: 'repository.lockLost' })
    expect(clock.now()).toBeGreaterThan(0)
  })

  it('live on where they cannot even be written over, and are over when they are released', async () => {
    const { storage, clock, living, locks, acquire } = make()
    const append = new AppendOnlyStorage(storage)
    append.mayReplace = false
    const daily = new Locks(append, key, clock)
    const tick = holdTimers()
    const lock = await daily.acquire('shared', 'backup')
    for (let minutes = 0; minutes < 50; minutes += 5) {
      clock.advance(5 * minuteMs)
      await tick(5 * minuteMs)
      await lock.assertHeld()
    }
    expect((await namesIn(storage, 'locks')).length).toBeGreaterThan(9)
    // One lock, also in the eyes of others who could remove what is old.
    expect(await living()).toEqual([lock.id])
    expect(await locks.living()).toMatchObject([{ refreshedAt: clock.now(), purpose: 'backup' }])
    await lock.assertHeld()
    await lock.release()
    expect(await daily.living()).toEqual([])
    const next = await acquire('prune', 'prune')
    expect(await namesIn(storage, 'locks')).toEqual([names.lock(next.id)])
  })

  it('of another computer that were refreshed beside themselves die when the last of that is old', async () => {
    const { storage, clock, plant, living } = make()
    const id = await plant({ holder: elsewhere })
    clock.advance(20 * minuteMs)
    const beside = await plant({ holder: elsewhere, id: id as LockInfo['id'] })
    clock.advance(20 * minuteMs)
    expect(await living()).toEqual([id])
    expect(await namesIn(storage, 'locks')).toEqual([names.lock(id), names.lock(beside)].sort())
    clock.advance(20 * minuteMs)
    expect(await living()).toEqual([])
    expect(await namesIn(storage, 'locks')).toEqual([])
  })
})
