import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RangeSet, Span } from '../../../engine/sources/ranges.ts'
import * as ranges from '../../../engine/sources/ranges.ts'

const size = 60

/** Spans in any order, overlapping, touching and empty ones too. */
const anySpans = fc.array(
  fc.tuple(fc.nat(size), fc.nat(size)).map(([a, b]): Span => ({ start: Math.min(a, b), end: Math.max(a, b) })),
  { maxLength: 12 },
)
const anySet = anySpans.map(ranges.normalize)

/** The naive model: one flag for each number. */
const bitmap = (spans: readonly Span[], length = size) =>
  Array.from({ length }, (_, i) => spans.some(({ start, end }) => start <= i && i < end))

function expectProper(set: RangeSet): void {
  set.forEach(({ start, end }, i) => {
    expect(end).toBeGreaterThan(start)
    if (i > 0) expect(start).toBeGreaterThan(set[i - 1]!.end)
  })
}

const expectSame = (set: RangeSet, expected: boolean[]) => {
  expectProper(set)
  expect(bitmap(set, expected.length)).toEqual(expected)
}

describe('range sets', () => {
  it('normalizes any spans to what they cover', () => {
    fc.assert(fc.property(anySpans, spans => expectSame(ranges.normalize(spans), bitmap(spans))))
  })

  it.each<[string, (a: RangeSet, b: RangeSet) => RangeSet, (a: boolean, b: boolean) => boolean]>([
    ['union', ranges.union, (a, b) => a || b],
    ['intersect', ranges.intersect, (a, b) => a && b],
    ['subtract', ranges.subtract, (a, b) => a && !b],
  ])('%s is what it is for each number', (_, combine, ofBits) => {
    fc.assert(
      fc.property(anySet, anySet, (a, b) => {
        const bits = bitmap(b)
        expectSame(
          combine(a, b),
          bitmap(a).map((bit, i) => ofBits(bit, bits[i]!)),
        )
      }),
    )
  })

  it('leaves its arguments as they were', () => {
    fc.assert(
      fc.property(anySet, anySet, (a, b) => {
        const before = structuredClone([a, b])
        ranges.union(a, b)
        ranges.intersect(a, b)
        ranges.subtract(a, b)
        ranges.alignOut(a, 7)
        ranges.alignIn(a, 7, size)
        expect([a, b]).toEqual(before)
      }),
    )
  })

  it('aligned out, holds every unit of which any number is in the set', () => {
    fc.assert(
      fc.property(anySet, fc.integer({ min: 1, max: 9 }), (set, unit) => {
        const bits = bitmap(set)
        const units = Math.ceil(size / unit)
        expectSame(
          ranges.alignOut(set, unit),
          Array.from({ length: units }, (_, i) => bits.slice(i * unit, (i + 1) * unit).some(bit => bit)),
        )
      }),
    )
  })

  it('aligned in, holds every unit of which all numbers up to the end are in the set', () => {
    fc.assert(
      fc.property(
        anySet,
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: size, max: size + 8 }),
        (set, unit, end) => {
          const bits = bitmap(set, end)
          const units = Math.ceil(end / unit)
          expectSame(
            ranges.alignIn(set, unit, end),
            Array.from({ length: units }, (_, i) => bits.slice(i * unit, (i + 1) * unit).every(bit => bit)),
          )
        },
      ),
    )
  })

  it('counts its numbers and knows each of them', () => {
    fc.assert(
      fc.property(anySet, set => {
        const bits = bitmap(set)
        expect(ranges.count(set)).toBe(bits.filter(bit => bit).length)
        bits.forEach((bit, i) => {
          expect(ranges.contains(set, i)).toBe(bit)
        })
      }),
    )
  })

  it('works with bytes of sources of petabytes', () => {
    const set = ranges.normalize([{ start: 2 ** 52, end: 2 ** 52 + 65_536 }])
    expect(ranges.alignOut(set, 65_536)).toEqual([{ start: 2 ** 36, end: 2 ** 36 + 1 }])
    expect(ranges.alignIn(set, 65_536, 2 ** 53 - 1)).toEqual([{ start: 2 ** 36, end: 2 ** 36 + 1 }])
  })
})
