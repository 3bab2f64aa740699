import type { ByteRange } from '../contract/models.ts'
import { idBytes } from '../repository/format.ts'
import type { Target } from '../targets/target.ts'
import type { Wanted } from './blockFetcher.ts'
import type { BlockPool, Slot } from './blockPool.ts'
import type { SlotWrites } from './blockWorkerProtocol.ts'

export interface WindowFacts {
  blockSizeBytes: number
  versionBytes: number
  /** The part of the version that is restored. */
  range: ByteRange
  /** Added to an offset in the version gives the offset in the target. */
  shift: number
}

/** A stretch of neighbouring blocks in a slot. */
export interface Stretch {
  /** Offset in the version, or in the target. */
  offset: number
  /** Offset in the slot. */
  at: number
  length: number
}

/** The part of a version that is restored, as it lies in a target: where blocks go, and which are there already. */
export class TargetWindow {
  readonly #facts: WindowFacts
  readonly #target: Target

  constructor(target: Target, facts: WindowFacts) {
    this.#target = target
    this.#facts = facts
  }

  /** The place in a slot that begins with block `start`, for each of some blocks. */
  wanted(blocks: readonly { index: number; id: Buffer }[], start: number): Wanted[] {
    const { blockSizeBytes, versionBytes } = this.#facts
    return blocks.map(({ index, id }) => ({
      id,
      into: (index - start) * blockSizeBytes,
      plainBytes: Math.min(blockSizeBytes, versionBytes - index * blockSizeBytes),
    }))
  }

  /** Where a chunk begins in the version. */
  originOf(chunk: { start: number }): number {
    return chunk.start * this.#facts.blockSizeBytes
  }

  /** The bytes of blocks [start, start + count), cut to the range. */
  clipBlocks(start: number, count: number): ByteRange {
    const { blockSizeBytes } = this.#facts
    return this.clip(start * blockSizeBytes, count * blockSizeBytes)
  }

  /** Bytes of the version, cut to the range. */
  clip(offset: number, length: number): ByteRange {
    const { range } = this.#facts
    const from = Math.max(offset, range.offset)
    const to = Math.min(offset + length, range.offset + range.length)
    return { offset: from, length: Math.max(0, to - from) }
  }

  /** Of a block in a slot that begins at `origin`. */
  clipBlock(origin: number, block: Wanted): ByteRange {
    return this.clip(origin + block.into, block.plainBytes)
  }

  /** Writes blocks from a slot; returns the bytes written. */
  async write(slot: Slot, blocks: readonly Wanted[], origin: number): Promise<number> {
    let written = 0
    for (const { at, length, offset } of this.#parts(blocks, origin)) {
      await this.#target.write(slot.bytes.subarray(at, at + length), offset)
      written += length
    }
    return written
  }

  /** How a thread writes blocks of its slot by itself; undefined where only the target can. */
  writesFor(blocks: readonly Wanted[], origin: number): SlotWrites | undefined {
    const parts = this.#parts(blocks, origin)
    const last = parts.at(-1)
    if (!last || this.#target.descriptorsFor === undefined) return undefined
    const begin = parts[0]!.offset
    const descriptors = this.#target.descriptorsFor(begin, last.offset + last.length - begin)
    if (!descriptors) return undefined
    return { ...descriptors, stretches: Float64Array.from(parts.flatMap(part => [part.at, part.length, part.offset])) }
  }

  /** Where stretches of blocks begin in the slot and in the target, cut to the range. */
  #parts(blocks: readonly Wanted[], origin: number): Stretch[] {
    return stretches(blocks, origin).map(stretch => {
      const { offset, length } = this.clip(stretch.offset, stretch.length)
      return { offset: offset + this.#facts.shift, at: stretch.at + (offset - stretch.offset), length }
    })
  }

  /** The blocks that the target does not hold, judged by their ids. Overwrites the slot. */
  async differing(pool: BlockPool, slot: Slot, wanted: readonly Wanted[], origin: number): Promise<Wanted[]> {
    const { blockSizeBytes } = this.#facts
    const end = Math.max(...wanted.map(block => block.into + block.plainBytes))
    for (const stretch of stretches(wanted, origin)) {
      const view = slot.bytes.subarray(stretch.at, stretch.at + stretch.length)
      const offset = stretch.offset + this.#facts.shift
      const count = offset < 0 ? 0 : await this.#target.read(view, offset)
      view.fill(0, count)
    }
    const { ids, holes } = await pool.identify(slot, end)
    const all = Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength)
    return wanted.filter(block => {
      const i = block.into / blockSizeBytes
      return holes[i] === 1 || !all.subarray(i * idBytes, (i + 1) * idBytes).equals(block.id)
    })
  }

  /** True when the target holds what the slot holds of a block; for blocks that are restored in part, which have no id. */
  async holds(slot: Slot, block: Wanted, origin: number): Promise<boolean> {
    const part = this.clipBlock(origin, block)
    const back = Buffer.alloc(part.length)
    const count = await this.#target.read(back, part.offset + this.#facts.shift)
    const at = part.offset - origin
    return count === part.length && back.equals(slot.bytes.subarray(at, at + part.length))
  }

  /** Where a stretch of zeros of the version is not zeros in the target. */
  async notZero(part: ByteRange): Promise<ByteRange[]> {
    const step = 1024 * 1024
    const buffer = Buffer.alloc(Math.min(step, part.length))
    const zeros = Buffer.alloc(buffer.length)
    const found: ByteRange[] = []
    for (let done = 0; done < part.length; done += step) {
      const length = Math.min(step, part.length - done)
      const offset = part.offset + done
      const count = await this.#target.read(buffer.subarray(0, length), offset + this.#facts.shift)
      if (!buffer.subarray(0, count).equals(zeros.subarray(0, count))) found.push({ offset, length })
    }
    return found
  }

  /** Makes a stretch of zeros of the version zeros in the target. */
  zero(part: ByteRange): Promise<void> {
    return this.#target.zero(part.offset + this.#facts.shift, part.length)
  }
}

/** Joins blocks that are neighbours; they must ascend. */
function stretches(blocks: readonly Wanted[], origin: number): Stretch[] {
  const out: Stretch[] = []
  for (const block of blocks) {
    const last = out.at(-1)
    if (last && last.at + last.length === block.into) last.length += block.plainBytes
    else out.push({ offset: origin + block.into, at: block.into, length: block.plainBytes })
  }
  return out
}
