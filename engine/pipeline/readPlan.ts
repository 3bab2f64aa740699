import type { BlockHints } from '../sources/hints.ts'
import { alignOut, type RangeSet, subtract } from '../sources/ranges.ts'
import type { Extent, Source } from '../sources/source.ts'

/**
 * What a run does with the blocks of its source, ascending. Blocks that no step names stay as they are in the base (which
 * without a base means holes).
 */
export interface PlanStep {
  kind: 'read' | 'hole'
  /** First block. */
  start: number
  /** One past the last block. */
  end: number
}

/**
 * Reads all that may hold data, of that only what is `used` where somebody knows (bytes); the rest is holes already, since such a
 * run starts from an empty map.
 */
export function* planByAllocation(source: Source, blockSizeBytes: number, used?: RangeSet): Generator<PlanStep> {
  const extents = source.extents(0, source.sizeBytes)
  if (!used) return yield* blocksOf(extents, blockSizeBytes)
  yield* blocksOf(within(extents, inBytes(alignOut(used, blockSizeBytes), blockSizeBytes)), blockSizeBytes)
}

/** Reads what `planByAllocation` has left out for not being used. No block is in both. */
export function* planOfRest(source: Source, blockSizeBytes: number, used: RangeSet): Generator<PlanStep> {
  const all = [{ start: 0, end: Math.ceil(source.sizeBytes / blockSizeBytes) }]
  const rest = inBytes(subtract(all, alignOut(used, blockSizeBytes)), blockSizeBytes)
  yield* blocksOf(within(source.extents(0, source.sizeBytes), rest), blockSizeBytes)
}

const inBytes = (blocks: RangeSet, blockSizeBytes: number): RangeSet =>
  blocks.map(({ start, end }) => ({ start: start * blockSizeBytes, end: end * blockSizeBytes }))

/** The blocks that extents touch, ascending, each once. */
function* blocksOf(extents: Iterable<Extent>, blockSizeBytes: number): Generator<PlanStep> {
  let start = -1
  let end = -1
  for (const extent of extents) {
    const from = Math.floor(extent.offset / blockSizeBytes)
    const to = Math.ceil((extent.offset + extent.length) / blockSizeBytes)
    if (start >= 0 && from <= end) {
      end = Math.max(end, to)
      continue
    }
    if (start >= 0) yield { kind: 'read', start, end }
    start = from
    end = to
  }
  if (start >= 0) yield { kind: 'read', start, end }
}

/** The parts of extents that lie in a set. */
function* within(extents: Iterable<Extent>, set: RangeSet): Generator<Extent> {
  let i = 0
  for (const { offset, length } of extents) {
    const end = offset + length
    while (i < set.length && set[i]!.end <= offset) i++
    // A range of the set may reach into the next extent, so this walk does not move i past it.
    for (let k = i; k < set.length && set[k]!.start < end; k++) {
      const from = Math.max(offset, set[k]!.start)
      yield { offset: from, length: Math.min(end, set[k]!.end) - from }
    }
  }
}

/** Reads and clears what the hints name; the rest is taken over from the base. */
export function* planByHints(hints: BlockHints): Generator<PlanStep> {
  let r = 0
  let h = 0
  while (r < hints.read.length || h < hints.holes.length) {
    const read = hints.read[r]
    const hole = hints.holes[h]
    if (read && (!hole || read.start < hole.start)) {
      yield { kind: 'read', start: read.start, end: read.end }
      r++
    } else if (hole) {
      yield { kind: 'hole', start: hole.start, end: hole.end }
      h++
    }
  }
}
