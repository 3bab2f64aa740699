import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PackId, SegmentId } from '../../../engine/contract/ids.ts'
import { idBytes, pack as layout } from '../../../engine/repository/format.ts'
import { decodeSegment, encodeSegment, type IndexSegment } from '../../../engine/repository/indexSegment.ts'
import type { PackFrame } from '../../../engine/repository/pack.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map(Buffer.from)
const id = bytes(16).map(raw => raw.toString('hex'))
const u32 = fc.nat(0xffff_ffff)
const frame = fc.record({
  kind: fc.constantFrom(1 as const, 2 as const),
  compression: fc.constantFrom(0 as const, 1 as const),
  storedBytes: fc.nat(1 << 20),
  blocks: fc.array(fc.record({ id: bytes(idBytes), plainBytes: fc.nat(1 << 20) }), { maxLength: 5 }),
})
const info = fc.record({ id, wrappedKey: bytes(60), sizeBytes: u32, list: fc.array(frame, { maxLength: 4 }) })
const segments = fc.record({ infos: fc.array(info, { maxLength: 4 }), supersedes: fc.array(id, { maxLength: 3 }) })

type Raw = typeof segments extends fc.Arbitrary<infer T> ? T : never

/** Offsets and plain lengths follow from the rest; they are not stored. */
function complete({ infos, supersedes }: Raw): IndexSegment {
  const packs = infos.map(({ list, ...pack }) => {
    let offset: number = layout.headerBytes
    const frames = list.map((one): PackFrame => {
      const plainBytes = one.blocks.reduce((sum, block) => sum + block.plainBytes, 0)
      const placed = { ...one, offset, plainBytes }
      offset += one.storedBytes
      return placed
    })
    return { ...pack, id: pack.id as PackId, frames }
  })
  return { packs, supersedes: supersedes as SegmentId[] }
}

describe('an index segment', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(segments, raw => {
        const segment = complete(raw)
        expect(decodeSegment(encodeSegment(segment))).toEqual(segment)
      }),
      { numRuns: 100 },
    )
  })

  it('is refused when it was cut short or has something behind it', () => {
    fc.assert(
      fc.property(segments, raw => {
        const whole = encodeSegment(complete(raw))
        for (let length = 0; length < whole.length; length++) {
          expect(decodeSegment(whole.subarray(0, length))).toBeUndefined()
        }
        expect(decodeSegment(Buffer.concat([whole, Buffer.alloc(1)]))).toBeUndefined()
        expect(decodeSegment(Buffer.concat([whole, Buffer.alloc(16)]))).toBeUndefined()
      }),
      { numRuns: 30 },
    )
  })

  it('is refused when a count claims more than there is', () => {
    const whole = encodeSegment({ packs: [], supersedes: [] })
    for (const at of [0, 4]) {
      const bad = Buffer.from(whole)
      bad.writeUInt32LE(0xffff_ffff, at)
      expect(decodeSegment(bad)).toBeUndefined()
    }
  })
})
