import fc from 'fast-check'
import { expect, test } from 'vitest'
import { count, normalize, subtract } from '../../../engine/sources/ranges.ts'
import { coarsened } from '../../../engine/tracking/coarsen.ts'

const someSet = fc
  .array(fc.tuple(fc.nat(10_000), fc.integer({ min: 1, max: 50 })), { maxLength: 60 })
  .map(spans => normalize(spans.map(([start, length]) => ({ start, end: start + length }))))

test('what is coarsened holds everything that it held before, in no more ranges than allowed', () => {
  fc.assert(
    fc.property(someSet, fc.integer({ min: 1, max: 70 }), (set, limit) => {
      const coarse = coarsened(set, limit)
      expect(subtract(set, coarse)).toEqual([])
      expect(coarse.length).toBe(Math.min(limit, set.length))
      expect(normalize(coarse)).toEqual(coarse)
    }),
  )
})

test('the smallest gaps are filled', () => {
  const set = [
    { start: 0, end: 10 },
    { start: 12, end: 20 },
    { start: 50, end: 60 },
    { start: 61, end: 70 },
  ]
  expect(coarsened(set, 2)).toEqual([
    { start: 0, end: 20 },
    { start: 50, end: 70 },
  ])
  expect(count(coarsened(set, 1))).toBe(70)
})
