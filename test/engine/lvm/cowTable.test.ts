import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readCowHeader, readCowTable } from '../../../engine/lvm/cowTable.ts'
import { normalize } from '../../../engine/sources/ranges.ts'
import { recordedStore } from './recorded.ts'

const size = 56 * 1024 * 1024

function tableOf(store: Uint8Array, volumeBytes = size, check?: () => void) {
  const read = async (buffer: Uint8Array, offset: number) => {
    const part = store.subarray(offset, offset + buffer.length)
    buffer.set(part)
    return part.length
  }
  return readCowTable(read, volumeBytes, bytes => new Uint8Array(bytes), check)
}

/** A store as the kernel writes it, up to the end of its table, with an entry for each of these chunks in this order. */
function storeOf(chunks: readonly number[], chunkBytes: number, valid = 1): Buffer {
  const perArea = chunkBytes / 16
  const areas = Math.floor(chunks.length / perArea) + 1
  const store = Buffer.alloc((2 + (areas - 1) * (perArea + 1)) * chunkBytes, 0xee)
  store.fill(0, 0, chunkBytes)
  for (const [index, value] of [0x70416e53, valid, 1, chunkBytes / 512].entries()) store.writeUInt32LE(value, index * 4)
  for (let area = 0; area < areas; area++) {
    const at = (1 + area * (perArea + 1)) * chunkBytes
    store.fill(0, at, at + chunkBytes)
    for (const [index, chunk] of chunks.slice(area * perArea, (area + 1) * perArea).entries()) {
      store.writeBigUInt64LE(BigInt(chunk), at + index * 16)
      store.writeBigUInt64LE(BigInt(2 + area * (perArea + 1) + index), at + index * 16 + 8)
    }
  }
  return store
}

const rangesOf = (chunks: readonly number[], chunkBytes: number, end = size) =>
  normalize(chunks.map(at => ({ start: at * chunkBytes, end: Math.min((at + 1) * chunkBytes, end) })))

describe('the table of a classic snapshot', () => {
  test('as recorded, over two areas', async () => {
    const chunks = [10, 2000, 5000, ...Array.from({ length: 300 }, (_, at) => 7000 + at)]
    expect(await tableOf(recordedStore())).toEqual({ known: true, written: rangesOf(chunks, 4096) })
  })

  test('of any chunks in any order, of any chunk size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat(112 - 1), { maxLength: 112 }),
        fc.uniqueArray(fc.nat(13_999), { maxLength: 1200 }),
        async (few, many) => {
          for (const [chunkBytes, chunks] of [
            [524_288, few],
            [4096, many],
          ] as const)
            expect(await tableOf(storeOf(chunks, chunkBytes))).toEqual({
              known: true,
              written: rangesOf(chunks, chunkBytes),
            })
        },
      ),
      { numRuns: 30 },
    )
  })

  test.each([0, 255, 256, 257, 512])('that holds %i entries ends behind them', async length => {
    const chunks = Array.from({ length }, (_, at) => at * 3)
    expect(await tableOf(storeOf(chunks, 4096))).toEqual({ known: true, written: rangesOf(chunks, 4096) })
  })

  test('that ends with the store is whole', async () => {
    const chunks = Array.from({ length: 256 }, (_, at) => at)
    const store = storeOf(chunks, 4096)
    expect(await tableOf(store.subarray(0, 2 * 4096))).toEqual({ known: true, written: rangesOf(chunks, 4096) })
  })

  test('the last chunk ends where the volume ends', async () => {
    expect(await tableOf(storeOf([1], 65_536), 65_536 + 4096)).toEqual({
      known: true,
      written: [{ start: 65_536, end: 65_536 + 4096 }],
    })
  })

  test.each([
    ['of a snapshot that ran out of room', storeOf([1], 4096, 0), /out of room/],
    ['without a header', Buffer.alloc(8192), /no header/],
    ['that is too small', Buffer.alloc(100), /too small/],
    ['of a place behind the end', storeOf([20_000], 4096), /does not have/],
    ['of chunks that cannot be', storeOf([1], 4096).fill(3, 12, 13), /chunks of 1536 bytes/],
    ['of another version', storeOf([1], 4096).fill(2, 8, 9), /unknown version/],
  ])('is not believed: %s', async (_, store, why) => {
    expect(await tableOf(store)).toEqual({ known: false, why: expect.stringMatching(why) })
  })

  test('a volume of a petabyte is noted in coarser steps, within bounds', async () => {
    const chunks = [0, 2 ** 37, 2 ** 38 - 1]
    const table = await tableOf(storeOf(chunks, 4096), 2 ** 50)
    if (!table.known) throw new Error(table.why)
    expect(table.written).toHaveLength(3)
    for (const at of chunks)
      expect(table.written.some(({ start, end }) => start <= at * 4096 && end >= (at + 1) * 4096)).toBe(true)
  })

  test('reading can be ended', async () => {
    const stop = () => {
      throw new Error('enough')
    }
    await expect(tableOf(storeOf([1], 4096), size, stop)).rejects.toThrow('enough')
  })

  test('the header alone says whether it is valid', () => {
    expect(readCowHeader(recordedStore())).toEqual({ valid: true, chunkBytes: 4096 })
    expect(readCowHeader(storeOf([], 4096, 0))).toMatchObject({ valid: false })
  })
})
