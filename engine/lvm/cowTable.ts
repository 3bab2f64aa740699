import type { RangeSet } from '../sources/ranges.ts'
import { AscendingRanges } from './ascendingRanges.ts'

/**
 * The table of a classic snapshot: which chunks of the volume were overwritten since. It lies on the snapshot's own store, little
 * endian (drivers/md/dm-snap-persistent.c of the kernel). Chunk 0 is the header; areas of the table follow, each one chunk
 * of entries of 16 bytes with as many chunks of data behind it.
 */

const magic = 0x7041_6e53
const version = 1
const entryBytes = 16
export const headerBytes = 512

export type CowHeader = { valid: true; chunkBytes: number } | { valid: false; why: string }

/** Of the first 512 bytes of the store. */
export function readCowHeader(bytes: Uint8Array): CowHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== magic) return { valid: false, why: 'its store has no header' }
  if (view.getUint32(4, true) !== 1) return { valid: false, why: 'it ran out of room' }
  if (view.getUint32(8, true) !== version) return { valid: false, why: 'its store is of an unknown version' }
  const chunkBytes = view.getUint32(12, true) * 512
  // LVM makes them from 4 KiB to 512 KiB. Smaller ones cannot be read around the page cache.
  if (chunkBytes < 4096 || chunkBytes > 16 * 1024 * 1024 || (chunkBytes & (chunkBytes - 1)) !== 0)
    return { valid: false, why: `its store has chunks of ${chunkBytes} bytes` }
  return { valid: true, chunkBytes }
}

/** Fills the buffer from an offset that is a multiple of 4096; less than that only at the end of the device. Resolves to the count. */
export type ReadStore = (buffer: Uint8Array, offset: number) => Promise<number>

export type CowTable = { known: true; written: RangeSet } | { known: false; why: string }

/** At most this many bits are kept of what was written: 32 MiB, which is a chunk of 4 KiB each for a volume of 1 TiB. */
const mostMarks = 2 ** 28

/**
 * Reads the whole table. Entries come in any order, and memory is bounded: very large volumes are noted in coarser steps. What was
 * overwritten before the call began is in the result; what is overwritten meanwhile may be. The store must be read around
 * the page cache, since nobody tells that what the kernel writes there.
 *
 * `memory` gives buffers for `read`. `check` is called now and then, and may throw to end it.
 */
export async function readCowTable(
  read: ReadStore,
  volumeBytes: number,
  memory: (bytes: number) => Uint8Array,
  check: () => void = () => undefined,
): Promise<CowTable> {
  const page = memory(4096)
  if ((await read(page, 0)) < headerBytes) return { known: false, why: 'its store is too small' }
  const header = readCowHeader(page)
  if (!header.valid) return { known: false, why: header.why }

  const { chunkBytes } = header
  const entries = chunkBytes / entryBytes
  const marks = new ChunkMarks(Math.ceil(volumeBytes / chunkBytes), chunkBytes)
  const area = memory(chunkBytes)
  const view = new DataView(area.buffer, area.byteOffset, area.byteLength)
  for (let number = 0; ; number++) {
    check()
    // A store that is used up to its last chunk has no area behind that.
    if ((await read(area, (1 + number * (entries + 1)) * chunkBytes)) < chunkBytes) return marks.table(volumeBytes)
    for (let at = 0; at < chunkBytes; at += entryBytes) {
      // No data lies in chunk 0: an entry that says so is none, and ends the table.
      if (view.getBigUint64(at + 8, true) === 0n) return marks.table(volumeBytes)
      if (!marks.mark(view.getBigUint64(at, true)))
        return { known: false, why: 'its table names places that the volume does not have' }
    }
  }
}

class ChunkMarks {
  readonly #chunks: number
  readonly #chunkBytes: number
  /** So many chunks share a bit. */
  readonly #step: number
  readonly #bits: Uint8Array

  constructor(chunks: number, chunkBytes: number) {
    this.#chunks = chunks
    this.#chunkBytes = chunkBytes
    this.#step = Math.ceil(chunks / mostMarks)
    this.#bits = new Uint8Array(Math.ceil(chunks / this.#step / 8))
  }

  /** False when there is no such chunk. */
  mark(chunk: bigint): boolean {
    if (chunk >= BigInt(this.#chunks)) return false
    const bit = Math.floor(Number(chunk) / this.#step)
    this.#bits[bit >>> 3]! |= 1 << (bit & 7)
    return true
  }

  table(volumeBytes: number): CowTable {
    const ranges = new AscendingRanges()
    const bytesOfBit = this.#step * this.#chunkBytes
    for (let byte = 0; byte < this.#bits.length; byte++) {
      const bits = this.#bits[byte]!
      if (bits === 0) continue
      for (let bit = 0; bit < 8; bit++) {
        if ((bits & (1 << bit)) === 0) continue
        const start = (byte * 8 + bit) * bytesOfBit
        ranges.add(start, Math.min(start + bytesOfBit, volumeBytes))
      }
    }
    return { known: true, written: ranges.finish() }
  }
}
