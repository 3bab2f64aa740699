import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { planUpkeep } from '../../../engine/helper/upkeep.ts'

const day = 24 * 60 * 60 * 1000
const now = Date.parse('2026-06-01T00:00:00Z')
const settings = { pruneEveryDays: 7, scrubWithinDays: 30, verifyPercent: 1 }

describe('the upkeep of a destination', () => {
  it.each([
    [undefined, true],
    [now - 8 * day, true],
    [now - 7 * day, true],
    [now - 6 * day, false],
    [now, false],
    [now + 5 * day, true],
  ])('makes space when that was last done at %s: %s', (prunedAt, expected) => {
    expect(planUpkeep(settings, { prunedAt, scrubbedAt: now }, now).prune).toBe(expected)
  })

  it('can be left alone', () => {
    const off = { pruneEveryDays: null, scrubWithinDays: null, verifyPercent: 0 }
    expect(planUpkeep(off, { prunedAt: undefined, scrubbedAt: undefined }, now)).toEqual({
      prune: false,
      scrubPercent: undefined,
    })
  })

  it('checks nothing again right after it was checked, and all of it after a long time', () => {
    expect(planUpkeep(settings, { prunedAt: now, scrubbedAt: now - 60_000 }, now).scrubPercent).toBeUndefined()
    expect(planUpkeep(settings, { prunedAt: now, scrubbedAt: now - 60 * day }, now).scrubPercent).toBe(100)
  })

  it('reaches everything within the chosen days, however often backups run', () => {
    const gaps = fc.array(fc.integer({ min: 60_000, max: 5 * day }), { minLength: 1, maxLength: 2000 })
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 90 }), (list, scrubWithinDays) => {
        let time = now
        let scrubbedAt: number | undefined = now
        let sum = 0
        for (const gap of list) {
          time += gap
          const { scrubPercent } = planUpkeep({ ...settings, scrubWithinDays }, { prunedAt: time, scrubbedAt }, time)
          if (scrubPercent === undefined) continue
          expect(scrubPercent).toBeGreaterThan(0)
          expect(scrubPercent).toBeLessThanOrEqual(100)
          sum += scrubPercent
          scrubbedAt = time
        }
        const days = ((scrubbedAt ?? now) - now) / day
        // A share that is cut at 100 covers everything by itself.
        if (days >= scrubWithinDays && list.every(gap => gap < scrubWithinDays * day * 0.9)) {
          expect(sum).toBeGreaterThanOrEqual((days / scrubWithinDays) * 100)
        }
      }),
    )
  })
})
