import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeWanted, encodeWanted, type WantedFrame } from '../../../engine/pipeline/blockWorkerProtocol.ts'

const block = fc.record({
  id: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  start: fc.nat(4 * 1024 * 1024),
  plainBytes: fc.nat(4 * 1024 * 1024),
  into: fc.integer({ min: -1, max: 4 * 1024 * 1024 }),
})
const frame: fc.Arbitrary<WantedFrame> = fc.record({
  place: fc.record({
    kind: fc.constantFrom(1, 2),
    compression: fc.constantFrom(0, 1),
    offset: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    plainBytes: fc.nat(4 * 1024 * 1024),
  }),
  storedBytes: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  blocks: fc.array(block, { maxLength: 9 }),
})

it('wanted frames come out of their message as they went in', () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 6 }), frames => {
      expect([...decodeWanted(encodeWanted(frames))]).toEqual(frames)
    }),
  )
})
