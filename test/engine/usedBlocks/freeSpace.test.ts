import fc from 'fast-check'
import { expect, it } from 'vitest'
import { count, intersect, normalize, subtract } from '../../../engine/sources/ranges.ts'
import { Doubt } from '../../../engine/usedBlocks/doubt.ts'
import { FreeSpace } from '../../../engine/usedBlocks/freeSpace.ts'

const ranges = fc.array(
  fc.tuple(fc.nat(1000), fc.nat(1000)).map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) })),
  { maxLength: 60 },
)

it('remembers what is free; all else is used', () => {
  fc.assert(
    fc.property(ranges, list => {
      const free = new FreeSpace(1000, { leastBytes: 1 })
      for (const { start, end } of list) free.add(start, end)
      expect(free.ranges()).toEqual(normalize(list))
      expect(free.used()).toEqual(subtract([{ start: 0, end: 1000 }], normalize(list)))
    }),
  )
})

it('calls nothing free that was not named, however much it forgets, and remembers no more than it may', () => {
  fc.assert(
    fc.property(ranges, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 30 }), (list, most, leastBytes) => {
      const free = new FreeSpace(1000, { leastBytes, most })
      for (const { start, end } of list) free.add(start, end)
      expect(subtract(free.ranges(), normalize(list))).toEqual([])
      expect(free.ranges().length).toBeLessThanOrEqual(most)
      expect(intersect(free.ranges(), free.used())).toEqual([])
      expect(count(free.ranges()) + count(free.used())).toBe(1000)
    }),
  )
})

it('joins what touches before it judges what is too short', () => {
  const free = new FreeSpace(100, { leastBytes: 10 })
  for (let at = 0; at < 50; at += 5) free.add(at, at + 5)
  free.add(60, 65)
  free.add(70, 100)
  expect(free.ranges()).toEqual([
    { start: 0, end: 50 },
    { start: 70, end: 100 },
  ])
})

it.each([
  [-1, 5],
  [5, 4],
  [0, 101],
  [0.5, 2],
  [Number.NaN, 3],
])('doubts places that do not exist (%d to %d)', (start, end) => {
  expect(() => new FreeSpace(100).add(start, end)).toThrow(Doubt)
})
