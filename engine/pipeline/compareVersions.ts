import { throwIfAborted } from '../contract/errors.ts'
import type { Comparison } from '../contract/library.ts'
import { blockCountOf, childSpan, levelsFor } from '../repository/blockMap.ts'
import type { MapRoot } from '../repository/blockMapEditor.ts'
import type { LoadNode } from '../repository/blockMapReader.ts'
import { mapFanout } from '../repository/format.ts'
import type { Repository } from '../repository/repository.ts'
import { rootOf, type VersionRecord } from '../repository/versionRecord.ts'
import { lockForReading } from './readLock.ts'

const mostParts = 256

/** Compares two versions of one repository by their maps; no block is read. */
export async function compareVersions(
  repository: Repository,
  older: VersionRecord,
  newer: VersionRecord,
  signal?: AbortSignal,
): Promise<Comparison> {
  const first = await lockForReading(repository, older, 'compare', signal)
  try {
    const load: LoadNode = async (id, level) => {
      throwIfAborted(signal, 'The comparison')
      return await repository.blocks.loadNode(id, level, signal)
    }
    return await compareMaps(load, rootOf(older), rootOf(newer), repository.blockSizeBytes)
  } finally {
    await first.release()
  }
}

/**
 * Walks both trees side by side. Where both name the same node, everything below is the same and not entered: ids are hashes
 * of contents. A hole differs from every block. What only the longer one has counts as changed.
 */
export async function compareMaps(
  load: LoadNode,
  older: MapRoot,
  newer: MapRoot,
  blockSizeBytes: number,
): Promise<Comparison> {
  const common = Math.min(older.sizeBytes, newer.sizeBytes)
  const tally = new Tally(Math.max(older.sizeBytes, newer.sizeBytes), blockSizeBytes)
  tally.add(common, tally.sizeBytes)
  const end = blockCountOf(common, blockSizeBytes)
  const differs = (block: number) => tally.add(block * blockSizeBytes, Math.min((block + 1) * blockSizeBytes, common))
  const sides = [older, newer].map(root => sideOf(root, blockSizeBytes))
  const top = Math.max(levelOf(older, blockSizeBytes), levelOf(newer, blockSizeBytes))
  await walk(load, sides[0], sides[1], { level: top, start: 0, end, differs })
  return tally.result()
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
  differs(block: number): void
}

async function walk(load: LoadNode, one: Side, other: Side, place: Place): Promise<void> {
  if (isSame(one, other)) return
  const { level, start, end, differs } = place
  if (level === -1) return differs(start)
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

/** Adds up what has changed, in all and in each part. */
class Tally {
  readonly sizeBytes: number
  readonly #parts: number[]
  #changed = 0

  constructor(sizeBytes: number, blockSizeBytes: number) {
    this.sizeBytes = sizeBytes
    this.#parts = new Array<number>(Math.min(mostParts, blockCountOf(sizeBytes, blockSizeBytes))).fill(0)
  }

  /** Bytes [from, to) have changed; each is told once. */
  add(from: number, to: number): void {
    if (from >= to) return
    this.#changed += to - from
    const partBytes = this.sizeBytes / this.#parts.length
    let part = Math.min(Math.floor(from / partBytes), this.#parts.length - 1)
    for (let at = from; at < to; part++) {
      const end = part >= this.#parts.length - 1 ? to : Math.min(to, (part + 1) * partBytes)
      if (end > at) this.#parts[Math.min(part, this.#parts.length - 1)]! += end - at
      at = Math.max(at, end)
    }
  }

  result(): Comparison {
    const partBytes = this.sizeBytes / this.#parts.length
    return {
      changedBytes: this.#changed,
      sameBytes: this.sizeBytes - this.#changed,
      sizeBytes: this.sizeBytes,
      parts: this.#parts.map(bytes => Math.min(1, bytes / partBytes)),
    }
  }
}
