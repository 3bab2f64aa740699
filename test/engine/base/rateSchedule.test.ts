import { describe, expect, it } from 'vitest'
import { Limiter } from '../../../engine/base/limiter.ts'
import { type RateSchedule, rateAt } from '../../../engine/base/rateSchedule.ts'
import { LeapingClock } from '../../support/leapingClock.ts'

const none = Number.POSITIVE_INFINITY
const hour = 60
const office: RateSchedule = {
  hours: [
    { from: 8 * hour, to: 18 * hour, bytesPerSecond: 100 },
    { from: 22 * hour, to: 6 * hour, bytesPerSecond: none },
  ],
  otherwise: 1000,
}
const at = (time: string) => Date.parse(`2030-03-01T${time}:00Z`)

describe('a rate by the time of day', () => {
  it('is that of the hours that fit, from their first minute on, and else that of the rest', () => {
    const rates = { '07:59': 1000, '08:00': 100, '17:59': 100, '18:00': 1000, '21:59': 1000 }
    for (const [time, rate] of Object.entries(rates)) expect(rateAt(office, at(time), 'UTC')).toBe(rate)
  })

  it('goes over midnight', () => {
    for (const time of ['22:00', '23:59', '00:00', '05:59']) expect(rateAt(office, at(time), 'UTC')).toBe(none)
    expect(rateAt(office, at('06:00'), 'UTC')).toBe(1000)
  })

  it('goes by local clocks, also in summer', () => {
    expect(rateAt(office, Date.parse('2030-01-15T07:00:00Z'), 'Europe/Berlin')).toBe(100)
    expect(rateAt(office, Date.parse('2030-01-15T06:30:00Z'), 'Europe/Berlin')).toBe(1000)
    expect(rateAt(office, Date.parse('2030-07-15T06:30:00Z'), 'Europe/Berlin')).toBe(100)
  })

  it('is the same all day when it is a number', () => expect(rateAt(5, at('12:00'))).toBe(5))
})

describe('a limiter by the time of day', () => {
  /** A schedule around the time that local clocks show at the beginning, in whatever zone this runs. */
  function around(before: number, after: number, minutesUntilChange: number) {
    const start = new Date(2030, 2, 1, 12, 0)
    const change = 12 * hour + minutesUntilChange
    const schedule: RateSchedule = {
      hours: [{ from: 0, to: change, bytesPerSecond: before }],
      otherwise: after,
    }
    const clock = new LeapingClock(start.getTime())
    return { clock, limiter: new Limiter(schedule, clock), secondsSince: () => (clock.now() - start.getTime()) / 1000 }
  }

  it('holds back as much as the hour says', async () => {
    const { limiter, secondsSince } = around(100, none, 60)
    for (let index = 0; index < 30; index++) await limiter.take(100)
    expect(secondsSince()).toBe(29)
  })

  it('lets those who wait go soon after the limit was lifted', async () => {
    const { limiter, secondsSince } = around(1, none, 2)
    await limiter.take(1_000_000)
    expect(secondsSince()).toBeGreaterThanOrEqual(120)
    expect(secondsSince()).toBeLessThanOrEqual(135)
    await limiter.take(1e12)
    expect(secondsSince()).toBeLessThanOrEqual(135)
  })

  it('begins to hold back when the hour comes', async () => {
    const { clock, limiter } = around(none, 100, 1)
    await limiter.take(1e12)
    expect(clock.sleeps).toEqual([])
    clock.advance(60_000)
    await limiter.take(100)
    await limiter.take(200)
    expect(clock.sleeps).toEqual([2000])
  })

  it('earns by both rates when the rate changes during a wait', async () => {
    const { limiter, secondsSince } = around(100, 1000, 1)
    // One second is there at once; 6000 come in the first minute, the rest at 1000 a second.
    await limiter.take(100 + 6000 + 20_000)
    expect(secondsSince()).toBe(80)
  })

  it('gives back what was not sent when it is cancelled', async () => {
    const { clock, limiter } = around(100, none, 600)
    const abort = new AbortController()
    const big = limiter.take(50_000, abort.signal)
    abort.abort()
    await expect(big).rejects.toMatchObject({ code: 'run.cancelled' })
    clock.sleeps.length = 0
    await limiter.take(100)
    expect(clock.sleeps.every(ms => ms <= 1000)).toBe(true)
  })

  it('refuses what is no rate', () => {
    for (const rate of [0, -1, Number.NaN, none]) {
      expect(() => new Limiter(rate, new LeapingClock())).toThrow(expect.objectContaining({ code: 'internal.bug' }))
    }
    const bad = { hours: [{ from: 0, to: 60, bytesPerSecond: 0 }], otherwise: none }
    expect(() => new Limiter(bad, new LeapingClock())).toThrow(expect.objectContaining({ code: 'internal.bug' }))
  })
})
