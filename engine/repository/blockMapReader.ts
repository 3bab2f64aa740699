import { HoldfastError } from '../contract/errors.ts'
import { blockCountOf, childSpan, levelsFor, type MapNode } from './blockMap.ts'
import type { MapRoot } from './blockMapEditor.ts'
import { mapFanout } from './format.ts'

export type LoadNode = (id: Buffer, level: number) => Promise<MapNode>

/** A part of a version: one block, or a stretch of blocks that are holes or whose map cannot be read. */
export type MapPart =
  | { kind: 'block'; index: number; id: Buffer }
  | { kind: 'hole'; index: number; count: number }
  | { kind: 'unreadable'; index: number; count: number; node: Buffer; error: unknown }

/**
 * The parts of a version for blocks [from, to), ascending and without gaps; neighbouring holes are joined as far as they
 * meet in one node. With `tolerant`, a node that is missing or damaged becomes an 'unreadable' part and the walk goes on;
 * HoldfastErrors other than integrity.* are thrown in any case.
 */
export async function* readBlockMap(
  load: LoadNode,
  root: MapRoot,
  blockSizeBytes: number,
  options: { from?: number; to?: number; tolerant?: boolean } = {},
): AsyncGenerator<MapPart> {
  const count = blockCountOf(root.sizeBytes, blockSizeBytes)
  const from = options.from ?? 0
  const to = Math.min(options.to ?? count, count)
  if (from >= to) return
  const level = levelsFor(count) - 1
  if (!root.id) {
    yield { kind: 'hole', index: from, count: to - from }
    return
  }
  yield* walk(load, root.id, level, 0, from, to, options.tolerant ?? false)
}

async function* walk(
  load: LoadNode,
  id: Buffer,
  level: number,
  start: number,
  from: number,
  to: number,
  tolerant: boolean,
): AsyncGenerator<MapPart> {
  let node: MapNode
  try {
    node = await load(id, level)
  } catch (error) {
    // A drive that was pulled out says nothing about the map.
    if (!tolerant || (error instanceof HoldfastError && !error.code.startsWith('integrity.'))) throw error
    const first = Math.max(start, from)
    const end = Math.min(start + childSpan(level) * mapFanout, to)
    yield { kind: 'unreadable', index: first, count: end - first, node: id, error }
    return
  }
  const span = childSpan(level)
  const firstSlot = Math.max(0, Math.floor((from - start) / span))
  let hole: { index: number; count: number } | undefined
  for (let slot = firstSlot; slot < mapFanout; slot++) {
    const childStart = start + slot * span
    if (childStart >= to) break
    const child = node.children[slot]
    if (!child) {
      const index = Math.max(childStart, from)
      const end = Math.min(childStart + span, to)
      if (hole) hole.count += end - index
      else hole = { index, count: end - index }
      continue
    }
    if (hole) yield { kind: 'hole', ...hole }
    hole = undefined
    if (level === 0) yield { kind: 'block', index: childStart, id: child }
    else yield* walk(load, child, level - 1, childStart, from, to, tolerant)
  }
  if (hole) yield { kind: 'hole', ...hole }
}

/**
 * Visits every id under a root once over all calls that share `seen`: nodes that were visited are not entered again, so
 * the cost of many similar versions is that of their differences. `seen` must remember every id it is given and answer
 * whether it was new.
 *
 * When `load` fails, so does this, and nodes that `seen` knows may then not have been entered: what it has gathered is of
 * no use for deciding what to delete.
 */
export async function visitIds(
  load: LoadNode,
  root: MapRoot,
  blockSizeBytes: number,
  seen: (id: Buffer, kind: 'node' | 'block') => boolean,
): Promise<void> {
  if (!root.id) return
  const stack: { id: Buffer; level: number }[] = []
  const level = levelsFor(blockCountOf(root.sizeBytes, blockSizeBytes)) - 1
  if (seen(root.id, 'node')) stack.push({ id: root.id, level })
  for (let top = stack.pop(); top; top = stack.pop()) {
    const node = await load(top.id, top.level)
    for (const child of node.children) {
      if (!child) continue
      const isNew = seen(child, top.level === 0 ? 'block' : 'node')
      if (isNew && top.level > 0) stack.push({ id: child, level: top.level - 1 })
    }
  }
}
