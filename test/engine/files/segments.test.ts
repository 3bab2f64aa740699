import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  deviceMapperTable,
  lengthOf,
  onePiece,
  readerOf,
  type Segment,
  segmentOf,
  sliceSegments,
} from '../../../engine/files/segments.ts'

const unit = 512

/** Segments of one and of several stripes over a disk of so many units. */
const segments = fc
  .array(
    fc.record({
      stripes: fc.constantFrom(1, 1, 2, 3),
      units: fc.integer({ min: 1, max: 6 }),
      places: fc.array(fc.nat(200), { minLength: 3, maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map(list =>
    list.map(({ stripes, units, places }): Segment => {
      const length = units * stripes * unit
      return {
        length,
        stripeBytes: stripes === 1 ? 0 : unit,
        places: places.slice(0, stripes).map(place => place * unit),
      }
    }),
  )

const disk = Buffer.alloc(300 * unit)
for (let at = 0; at < disk.length; at += 4) disk.writeUInt32LE(at, at)
const readDisk = async ({ offset, length }: { offset: number; length: number }) =>
  disk.subarray(offset, offset + length)

/** Byte by byte, as the kernel's documentation of "striped" says it. */
function expected(list: readonly Segment[]): Buffer {
  const bytes: number[] = []
  for (const { length, stripeBytes, places } of list) {
    for (let at = 0; at < length; at++) {
      if (places.length === 1) bytes.push(disk[places[0]! + at]!)
      else {
        const chunk = Math.floor(at / stripeBytes)
        const place = places[chunk % places.length]!
        bytes.push(disk[place + Math.floor(chunk / places.length) * stripeBytes + (at % stripeBytes)]!)
      }
    }
  }
  return Buffer.from(bytes)
}

describe('segments', () => {
  test('are read as the kernel would read them, from anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(segments, fc.nat(), fc.nat(), async (list, from, size) => {
        const total = lengthOf(list)
        const offset = from % total
        const length = 1 + (size % (total - offset))
        const read = await readerOf(readDisk, list)({ offset, length })
        expect(read.equals(expected(list).subarray(offset, offset + length))).toBe(true)
      }),
    )
  })

  test('can be cut where no stripe is', async () => {
    await fc.assert(
      fc.asyncProperty(segments, fc.nat(), fc.nat(), async (list, from, size) => {
        const total = lengthOf(list)
        const offset = from % total
        const length = 1 + (size % (total - offset))
        const slice = sliceSegments(list, offset, length)
        if (slice === null) {
          expect(list.some(({ places }) => places.length > 1)).toBe(true)
          return
        }
        const read = await readerOf(readDisk, slice)({ offset: 0, length })
        expect(read.equals(expected(list).subarray(offset, offset + length))).toBe(true)
      }),
    )
  })

  test('cannot be cut beyond their end', () => {
    expect(sliceSegments([segmentOf(0, 1000)], 500, 501)).toBeNull()
  })

  test('that follow each other are one piece', () => {
    expect(onePiece([segmentOf(512, 512), segmentOf(1024, 512)])).toEqual({ offset: 512, length: 1024 })
    expect(onePiece([segmentOf(512, 512), segmentOf(2048, 512)])).toBeNull()
    expect(onePiece([{ length: 1024, stripeBytes: 512, places: [0, 4096] }])).toBeNull()
    expect(onePiece([])).toBeNull()
  })

  test('make a table for dmsetup, in sectors', () => {
    const list = [segmentOf(1024 * 1024, 8192), { length: 4096, stripeBytes: 1024, places: [0, 512] }]
    expect(deviceMapperTable(list, '/dev/nbd0')).toBe(
      '0 16 linear /dev/nbd0 2048\n16 8 striped 2 2 /dev/nbd0 0 /dev/nbd0 1\n',
    )
  })
})
