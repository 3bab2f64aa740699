import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isDue } from '../../../engine/maintenance/objectLocks.ts'

const dayMs = 24 * 60 * 60 * 1000

it('extends a lock when less than two thirds of its days are left, and what is not locked at once', () => {
  const now = Date.UTC(2026, 5, 1)
  expect(isDue(undefined, 30, now)).toBe(true)
  expect(isDue(now - dayMs, 30, now)).toBe(true)
  expect(isDue(now + 19 * dayMs, 30, now)).toBe(true)
  expect(isDue(now + 20 * dayMs, 30, now)).toBe(false)
  expect(isDue(now + 400 * dayMs, 30, now)).toBe(false)
})

it('never lets a lock that is looked at once in a third of its days fall below a third of them', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true })),
      (days, gaps) => {
        let now = 0
        let until = days * dayMs
        for (const gap of gaps) {
          now += (gap * days * dayMs) / 3
          expect(until - now).toBeGreaterThanOrEqual((days * dayMs) / 3 - 1)
          if (isDue(until, days, now)) until = now + days * dayMs
        }
      },
    ),
  )
})
