import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Limiter } from '../../../engine/base/limiter.ts'
import { LeapingClock } from '../../support/leapingClock.ts'

describe('Limiter', () => {
  it('lets one second of bytes through at once and then keeps the rate', async () => {
    const clock = new LeapingClock(0)
    const limiter = new Limiter(100, clock)
    for (let index = 0; index < 30; index++) await limiter.take(10)
    expect(clock.monotonic()).toBe(2000)
  })

  it('saves up no more than one second', async () => {
    const clock = new LeapingClock(0)
    const limiter = new Limiter(100, clock)
    clock.advance(60_000)
    await limiter.take(100)
    await limiter.take(100)
    expect(clock.sleeps).toEqual([1000])
  })

  it('makes a request larger than the bucket wait for what is missing, and those after it too', async () => {
    const clock = new LeapingClock(0)
    const limiter = new Limiter(100, clock)
    await Promise.all([limiter.take(500), limiter.take(100), limiter.take(100)])
    expect(clock.sleeps).toEqual([4000, 5000, 6000])
  })

  it('never waits for nothing', async () => {
    const clock = new LeapingClock(0)
    const limiter = new Limiter(100, clock)
    await limiter.take(100)
    const waiting = limiter.take(100)
    await limiter.take(0)
    expect(clock.sleeps).toEqual([1000])
    await waiting
  })

  it('gives the bytes of a cancelled request back', async () => {
    const clock = new LeapingClock(0)
    const limiter = new Limiter(100, clock)
    await limiter.take(100)
    const abort = new AbortController()
    const waiting = limiter.take(1000, abort.signal)
    abort.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'run.cancelled' })
    await limiter.take(50)
    expect(clock.sleeps).toEqual([10_000, 500])
  })

  it('goes by the rate that holds at each moment', async () => {
    const clock = new LeapingClock(0)
    const rateAt = (ms: number) => (ms < 30_000 ? 100 : 1000)
    const limiter = new Limiter(() => rateAt(clock.now()), clock)
    await limiter.take(100)
    // 30 s at 100 bytes per second, and what is left at ten times as many.
    await limiter.take(13_000)
    expect(clock.now()).toBe(40_000)
  })

  it('lets those go who wait when the limit is lifted, and limits anew when that is over', async () => {
    const clock = new LeapingClock(0)
    const limiter = new Limiter(() => (clock.now() < 15_000 || clock.now() >= 60_000 ? 100 : null), clock)
    await limiter.take(100_000)
    expect(clock.now()).toBe(15_000)
    await limiter.take(1_000_000)
    expect(clock.now()).toBe(15_000)
    clock.advance(45_000)
    await limiter.take(100)
    await limiter.take(100)
    expect(clock.now()).toBe(61_000)
  })

  it('refuses a rate that is none', () => {
    for (const rate of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => new Limiter(rate, new LeapingClock())).toThrow(expect.objectContaining({ code: 'internal.bug' }))
    }
  })

  it('lets no more through than rate times time plus one second of bytes, whatever is asked', async () => {
    const steps = fc.array(fc.record({ bytes: fc.nat(500), pauseMs: fc.nat(3000) }), { maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 1000 }), async (steps, rate) => {
        const clock = new LeapingClock(0)
        const limiter = new Limiter(rate, clock)
        let passed = 0
        for (const { bytes, pauseMs } of steps) {
          clock.advance(pauseMs)
          await limiter.take(bytes)
          passed += bytes
          expect(passed).toBeLessThanOrEqual(rate * (clock.monotonic() / 1000 + 1) + 1e-6)
        }
      }),
      { numRuns: 50 },
    )
  })
})
