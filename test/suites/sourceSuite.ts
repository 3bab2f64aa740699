import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Extent, Source } from '../../engine/sources/source.ts'

export interface SourceFixture {
  source: Source
  /** What it holds. At least 1 MiB, a multiple of 4096, with data and long runs of zeros. */
  bytes: Buffer
  /** Writes to it behind the source's back. */
  change: () => Promise<void>
  cleanUp?: () => Promise<void>
}

/** Everything that a source guarantees. */
export function describeSource(name: string, make: () => Promise<SourceFixture>): void {
  describe(`source: ${name}`, () => {
    const held = {} as SourceFixture
    beforeEach(async () => {
      Object.assign(held, { cleanUp: undefined }, await make())
    })
    afterEach(async () => {
      await held.source.close().catch(() => undefined)
      await held.cleanUp?.()
    })

    it('has the size of what it reads', () => {
      expect(held.source.sizeBytes).toBe(held.bytes.length)
    })

    it('has a sector size that is a power of two from 512 to 4096', () => {
      expect([512, 1024, 2048, 4096]).toContain(held.source.sectorBytes)
    })

    it('reads every byte in one go', async () => {
      const buffer = Buffer.alloc(held.bytes.length, 0xee)
      expect(await held.source.read(buffer, 0)).toBe(buffer.length)
      expect(buffer.equals(held.bytes)).toBe(true)
    })

    it('reads any range, aligned or not, several at the same time', async () => {
      const { source, bytes } = held
      const range = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 200_000 }))
      await fc.assert(
        fc.asyncProperty(fc.array(range, { minLength: 1, maxLength: 6 }), async ranges => {
          await Promise.all(
            ranges.map(async ([offset, length]) => {
              const buffer = Buffer.alloc(length, 0xee)
              const count = await source.read(buffer, offset)
              expect(count).toBe(Math.min(length, bytes.length - offset))
              expect(buffer.subarray(0, count).equals(bytes.subarray(offset, offset + count))).toBe(true)
            }),
          )
        }),
        { numRuns: 30 },
      )
    })

    it('reads only into the part of the memory that it is given', async () => {
      const memory = Buffer.alloc(3000, 0xee)
      expect(await held.source.read(memory.subarray(1000, 2000), 100)).toBe(1000)
      expect(memory.subarray(1000, 2000).equals(held.bytes.subarray(100, 1100))).toBe(true)
      expect(memory.subarray(0, 1000).every(byte => byte === 0xee)).toBe(true)
      expect(memory.subarray(2000).every(byte => byte === 0xee)).toBe(true)
    })

    it('reads nothing at and beyond its end', async () => {
      expect(await held.source.read(Buffer.alloc(10), held.bytes.length)).toBe(0)
      expect(await held.source.read(Buffer.alloc(10), held.bytes.length + 12_345)).toBe(0)
    })

    it('lists extents in order, inside the range asked for, that leave out nothing but zeros', () => {
      const { source, bytes } = held
      const place = fc.nat(bytes.length + 10_000)
      fc.assert(
        fc.property(place, place, (a, b) => {
          const [from, to] = [Math.min(a, b), Math.max(a, b)]
          checkExtents([...source.extents(from, to)], from, Math.min(to, bytes.length), bytes)
        }),
        { numRuns: 50, examples: [[0, bytes.length]] },
      )
    })

    it('says that it cannot tell holes when it lists one extent', () => {
      if (held.source.knowsHoles) expect([...held.source.extents(0, held.bytes.length)].length).toBeGreaterThan(1)
      else expect([...held.source.extents(0, held.bytes.length)]).toEqual([{ offset: 0, length: held.bytes.length }])
    })

    it('is consistent when nobody wrote to it', async () => {
      await held.source.read(Buffer.alloc(100_000), 0)
      expect(await held.source.consistency()).toBe('consistent')
    })

    it('is read while in use when somebody wrote to it, even if the bytes that were read stayed the same', async () => {
      await held.source.read(Buffer.alloc(100_000), 0)
      await held.change()
      expect(await held.source.consistency()).toBe('read-while-in-use')
    })
  })
}

function checkExtents(extents: readonly Extent[], from: number, to: number, bytes: Buffer): void {
  let at = from
  const zeros = (start: number, end: number) => bytes.subarray(start, end).every(byte => byte === 0)
  for (const { offset, length } of extents) {
    expect(length).toBeGreaterThan(0)
    expect(offset).toBeGreaterThanOrEqual(at)
    expect(zeros(at, offset)).toBe(true)
    at = offset + length
  }
  expect(at).toBeLessThanOrEqual(Math.max(from, to))
  expect(zeros(at, to)).toBe(true)
}
