import { blockCountOf, childSpan, levelsFor } from '../repository/blockMap.ts'
import type { MapRoot } from '../repository/blockMapEditor.ts'
import type { LoadNode } from '../repository/blockMapReader.ts'
import { mapFanout } from '../repository/format.ts'
import { type RangeSet, type Span, subtract, union } from '../sources/ranges.ts'

/** Told of each block that differs, ascending; `now` is its id in the newer map, undefined for a hole. */
export type Differs = (block: number, now: Buffer | undefined) => void

/**
 * Walks both trees side by side, as far as block `end`. Where both name the same node, everything below is the same and not
 * entered: ids are hashes of contents. A hole differs from every block.
 */
export async function walkDifferences(
  load: LoadNode,
  [older, newer]: readonly [MapRoot, MapRoot],
  blockSizeBytes: number,
  end: number,
  differs: Differs,
): Promise<void> {
  const top = Math.max(levelOf(older, blockSizeBytes), levelOf(newer, blockSizeBytes))
  await walk(load, sideOf(older, blockSizeBytes), sideOf(newer, blockSizeBytes), { level: top, start: 0, end, differs })
}

/** What must be done to the older map to get the newer one, in bytes of the newer one's source. */
export interface ChangedRanges {
  /** Holds data that is not, or not at this place, in the older one. */
  written: RangeSet
  /** A hole that is none in the older one, or is beyond its end. */
  discarded: RangeSet
}

/** Finds what differs between two maps of one repository, to the block. No block is read; the cost is that of the differences. */
export async function changedRanges(
  load: LoadNode,
  older: MapRoot,
  newer: MapRoot,
  blockSizeBytes: number,
): Promise<ChangedRanges> {
  const written: Span[] = []
  const discarded: Span[] = []
  const { sizeBytes } = newer
  await walkDifferences(load, [older, newer], blockSizeBytes, blockCountOf(sizeBytes, blockSizeBytes), (block, now) => {
    const start = block * blockSizeBytes
    extend(now ? written : discarded, start, Math.min(start + blockSizeBytes, sizeBytes))
  })
  if (older.sizeBytes >= sizeBytes) return { written, discarded }
  // Nothing is known of what lies there unless it is said.
  const grown = subtract([{ start: older.sizeBytes, end: sizeBytes }], written)
  return { written, discarded: union(discarded, grown) }
}

function extend(spans: Span[], start: number, end: number): void {
  const last = spans.at(-1)
  if (last?.end === start) last.end = end
  else spans.push({ start, end })
}

/** A node, or a block at level -1; undefined for a hole. Of two trees the lower one stands at the left end of the higher. */
type Side = { id: Buffer; level: number } | undefined

const levelOf = (root: MapRoot, blockSizeBytes: number) => levelsFor(blockCountOf(root.sizeBytes, blockSizeBytes)) - 1
const sideOf = (root: MapRoot, blockSizeBytes: number): Side =>
  root.id && { id: root.id, level: levelOf(root, blockSizeBytes) }

interface Place {
  level: number
  /** First block under this place. */
  start: number
  /** Blocks from here on are not looked at. */
  end: number
  differs: Differs
}

async function walk(load: LoadNode, one: Side, other: Side, place: Place): Promise<void> {
  if (isSame(one, other)) return
  const { level, start, end, differs } = place
  if (level === -1) return differs(start, other?.id)
  const span = childSpan(level)
  const [ones, others] = await Promise.all([childrenOf(load, one, level), childrenOf(load, other, level)])
  for (let slot = 0; slot < mapFanout; slot++) {
    const childStart = start + slot * span
    if (childStart >= end) break
    if (isSame(ones[slot], others[slot])) continue
    await walk(load, ones[slot], others[slot], { ...place, level: level - 1, start: childStart })
  }
}

function isSame(one: Side, other: Side): boolean {
  if (one === undefined || other === undefined) return one === other
  return one.level === other.level && one.id.equals(other.id)
}

async function childrenOf(load: LoadNode, side: Side, level: number): Promise<Side[]> {
  if (side === undefined) return []
  if (side.level < level) return [side]
  const { children } = await load(side.id, level)
  return children.map(id => id && { id, level: level - 1 })
}
