import { describe, expect, it } from 'vitest'
import { randomBytes } from '../../../engine/base/random.ts'
import { decodeContents, encodeContents } from '../../../engine/catalogue/packContents.ts'

describe('contents of a pack in the catalogue', () => {
  it('come back as they were, whatever the length of ids', () => {
    for (const idBytes of [16, 32]) {
      const frames = [3, 0, 1].map((count, i) => ({
        kind: i,
        compression: 1,
        offset: 84 + i * 1000,
        storedBytes: 2 ** 31 + i,
        plainBytes: count * 100,
        blocks: Array.from({ length: count }, () => ({ id: randomBytes(idBytes), plainBytes: 100 })),
      }))
      const back = decodeContents(encodeContents(frames))
      expect(back).toEqual(
        frames.map(({ offset, storedBytes, plainBytes, blocks, ...kinds }) => ({
          ...kinds,
          frameOffset: offset,
          frameStoredBytes: storedBytes,
          framePlainBytes: plainBytes,
          blocks: blocks.map((block, n) => ({ ...block, start: n * 100 })),
        })),
      )
    }
    expect(decodeContents(encodeContents([]))).toEqual([])
  })
})
