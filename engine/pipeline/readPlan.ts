import type { BlockHints } from '../sources/hints.ts'
import type { Source } from '../sources/source.ts'

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

/** Reads all that may hold data; the rest is holes already, since such a run starts from an empty map. */
export function* planByAllocation(source: Source, blockSizeBytes: number): Generator<PlanStep> {
  let start = -1
  let end = -1
  for (const extent of source.extents(0, source.sizeBytes)) {
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
