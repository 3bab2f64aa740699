import fc from 'fast-check'
import { expect, it } from 'vitest'
import { contains, normalize } from '../../../engine/sources/ranges.ts'
import { changesInUse } from '../../../engine/usedBlocks/changesInUse.ts'

const ranges = fc
  .array(
    fc.tuple(fc.nat(60), fc.nat(60)).map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) })),
    { maxLength: 6 },
  )
  .map(normalize)

it('reads what was written and is in use, clears what is free or discarded, and leaves the rest', () => {
  fc.assert(
    fc.property(ranges, ranges, ranges, (written, discarded, used) => {
      const found = changesInUse({ written, discarded }, used, 60)
      for (let at = 0; at < 60; at++) {
        const isUsed = contains(used, at)
        const isRead = isUsed && contains(written, at)
        expect(contains(found.written, at)).toBe(isRead)
        expect(contains(found.discarded, at)).toBe(!isRead && (!isUsed || contains(discarded, at)))
      }
    }),
  )
})
