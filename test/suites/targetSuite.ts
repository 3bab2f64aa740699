import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Target } from '../../engine/targets/target.ts'

export interface TargetFixture {
  target: Target
  /** What the place holds before the first write: all zeros, or what was there. Target and bytes have the same size. */
  bytes: Buffer
  /** Opens the place once more, after `target` was closed. */
  readBack: () => Promise<Buffer>
  cleanUp?: () => Promise<void>
}

/** Everything that a target guarantees. The places should have about 2 MiB. */
export function describeTarget(name: string, make: () => Promise<TargetFixture>): void {
  describe(`target: ${name}`, () => {
    const held = {} as TargetFixture
    beforeEach(async () => {
      Object.assign(held, { cleanUp: undefined }, await make())
    })
    afterEach(async () => {
      await held.target.close().catch(() => undefined)
      await held.cleanUp?.()
    })

    /** Flushes, closes and compares with what an outsider reads. */
    const expectContent = async (expected: Buffer) => {
      await held.target.flush()
      await held.target.close()
      expect((await held.readBack()).equals(expected)).toBe(true)
    }

    it('has the size of the place, and holds what it says before the first write', async () => {
      expect(held.target.sizeBytes).toBe(held.bytes.length)
      if (held.target.startsZeroed) expect(held.bytes.every(byte => byte === 0)).toBe(true)
      await expectContent(held.bytes)
    })

    it('keeps what was written at any offset and zeroed over any range, and nothing else changes', async () => {
      const { target, bytes } = held
      const model = Buffer.from(bytes)
      const step = fc.record({
        zero: fc.boolean(),
        offset: fc.nat(bytes.length - 1),
        length: fc.oneof(fc.nat(3000), fc.nat(600_000)),
        value: fc.integer({ min: 1, max: 255 }),
      })
      await fc.assert(
        fc.asyncProperty(step, async ({ zero, offset, length, value }) => {
          const fits = Math.min(length, bytes.length - offset)
          if (zero) await target.zero(offset, fits)
          else await target.write(new Uint8Array(fits).fill(value), offset)
          model.fill(zero ? 0 : value, offset, offset + fits)
          const seen = Buffer.alloc(bytes.length)
          expect(await target.read(seen, 0)).toBe(bytes.length)
          expect(seen.equals(model)).toBe(true)
        }),
        { numRuns: 40, endOnFailure: true },
      )
      await expectContent(model)
    })

    it('takes writes to disjoint ranges at the same time', async () => {
      const { target } = held
      const piece = 4096
      const pieces = Math.floor(held.bytes.length / piece)
      const model = Buffer.from(held.bytes)
      await Promise.all(
        Array.from({ length: pieces }, async (_, i) => {
          // Every third is zeroed instead.
          model.fill(i % 3 === 0 ? 0 : (i % 255) + 1, i * piece, (i + 1) * piece)
          if (i % 3 === 0) await target.zero(i * piece, piece)
          else await target.write(new Uint8Array(piece).fill((i % 255) + 1), i * piece)
        }),
      )
      await expectContent(model)
    })

    it('zeroes everything', async () => {
      await held.target.write(new Uint8Array(held.bytes.length).fill(7), 0)
      await held.target.zero(0, held.bytes.length)
      await expectContent(Buffer.alloc(held.bytes.length))
    })

    it('reads fewer bytes only at its end, and none beyond it', async () => {
      const size = held.bytes.length
      expect(await held.target.read(Buffer.alloc(1000), size - 300)).toBe(300)
      expect(await held.target.read(Buffer.alloc(1000), size)).toBe(0)
    })

    it('refuses to write or zero beyond its end, and changes nothing then', async () => {
      const size = held.bytes.length
      const refused = { code: 'internal.bug' }
      await expect(held.target.write(new Uint8Array(1000), size - 999)).rejects.toMatchObject(refused)
      await expect(held.target.zero(size - 999, 1000)).rejects.toMatchObject(refused)
      await expect(held.target.write(new Uint8Array(1), -1)).rejects.toMatchObject(refused)
      await expectContent(held.bytes)
    })

    it('takes writes and zeroing of nothing', async () => {
      await held.target.write(new Uint8Array(0), 100)
      await held.target.zero(100, 0)
      await expectContent(held.bytes)
    })
  })
}
