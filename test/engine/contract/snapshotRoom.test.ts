import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chunkBytesFor, decideRoom, mostRoom } from '../../../engine/contract/snapshotRoom.ts'
import { AscendingRanges } from '../../../engine/lvm/ascendingRanges.ts'
import { normalize, subtract } from '../../../engine/sources/ranges.ts'

const mib = 1024 ** 2
const gib = 1024 ** 3
const extentBytes = 4 * mib
const room = (volumeBytes: number, freeBytes: number, more = {}) =>
  decideRoom({ volumeBytes, freeBytes, extentBytes, ...more })

describe('room for a classic snapshot', () => {
  test('is a tenth of the volume where that is free', () => {
    expect(room(100 * gib, 50 * gib)).toEqual({ isEnough: true, roomBytes: 10 * gib, chunkBytes: 8192 })
  })

  test('is what there is where that is less, down to a fiftieth', () => {
    expect(room(100 * gib, 5 * gib + 1)).toMatchObject({ isEnough: true, roomBytes: 5 * gib })
    expect(room(100 * gib, gib)).toEqual({ isEnough: false, neededBytes: 2 * gib })
    expect(room(100 * gib, 0)).toMatchObject({ isEnough: false })
  })

  test('is never more than a snapshot can use', () => {
    expect(room(16 * mib, 50 * gib)).toMatchObject({ roomBytes: 20 * mib })
    expect(room(16 * mib, 50 * gib, { roomBytes: gib })).toMatchObject({ roomBytes: 20 * mib })
    // LVM cut 4000 MiB down to this for 56 MiB.
    expect(room(56 * mib, 50 * gib, { largest: true })).toMatchObject({ roomBytes: 60 * mib })
  })

  test('is exactly what was asked for, in extents, or none', () => {
    expect(room(gib, gib, { roomBytes: 9 * mib })).toMatchObject({ isEnough: true, roomBytes: 12 * mib })
    expect(room(gib, 8 * mib, { roomBytes: 9 * mib })).toEqual({ isEnough: false, neededBytes: 12 * mib })
  })

  test('is all that is free where the largest is wanted', () => {
    expect(room(100 * gib, 30 * gib, { largest: true, roomBytes: 1 })).toMatchObject({ roomBytes: 30 * gib })
  })

  test('always fits, and holds whole extents', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 42 }),
        fc.integer({ min: 0, max: 2 ** 42 }),
        fc.option(fc.integer({ min: 0, max: 2 ** 40 })),
        fc.boolean(),
        (volume, free, asked, largest) => {
          const found = room(volume, free, { roomBytes: asked ?? undefined, largest })
          if (!found.isEnough) {
            expect(found.neededBytes).toBeGreaterThan(free)
            return
          }
          expect(found.roomBytes % extentBytes).toBe(0)
          expect(found.roomBytes).toBeGreaterThan(0)
          expect(found.roomBytes).toBeLessThanOrEqual(free)
        },
      ),
    )
  })

  test('chunks are small, and larger where the kernel would have to remember too many', () => {
    expect(chunkBytesFor(8 * gib)).toBe(4096)
    expect(chunkBytesFor(100 * gib)).toBe(65_536)
    expect(chunkBytesFor(2 ** 50)).toBe(524_288)
    expect(mostRoom(0, 4096)).toBe(2 * 4096)
  })
})

describe('ranges in bounded memory', () => {
  test('hold all that was added, and little else', () => {
    const steps = fc.array(fc.tuple(fc.nat(100_000), fc.integer({ min: 0, max: 5000 })), { maxLength: 400 })
    fc.assert(
      fc.property(steps, fc.integer({ min: 2, max: 50 }), (list, limit) => {
        const ranges = new AscendingRanges(limit)
        let at = 0
        const added = list.map(([gap, length]) => {
          const span = { start: at + gap, end: at + gap + length }
          at = span.start
          ranges.add(span.start, span.end)
          return span
        })
        const real = normalize(added.filter(({ start, end }) => end > start))
        expect(ranges.finish().length).toBeLessThanOrEqual(limit)
        expect(subtract(real, ranges.finish())).toEqual([])
        if (real.length <= limit / 2) expect(ranges.finish().at(-1)?.end).toBe(real.at(-1)?.end)
      }),
    )
  })

  test('are exact as long as there are few', () => {
    const ranges = new AscendingRanges(4)
    for (const start of [0, 10, 20, 30]) ranges.add(start, start + 5)
    ranges.add(35, 40)
    expect(ranges.finish()).toEqual([
      { start: 0, end: 5 },
      { start: 10, end: 15 },
      { start: 20, end: 25 },
      { start: 30, end: 40 },
    ])
    expect(() => ranges.add(1, 2)).toThrow(RangeError)
  })
})
