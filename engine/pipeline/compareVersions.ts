import { throwIfAborted } from '../contract/errors.ts'
import type { Comparison } from '../contract/library.ts'
import { blockCountOf } from '../repository/blockMap.ts'
import type { MapRoot } from '../repository/blockMapEditor.ts'
import type { LoadNode } from '../repository/blockMapReader.ts'
import type { Repository } from '../repository/repository.ts'
import { rootOf, type VersionRecord } from '../repository/versionRecord.ts'
import { walkDifferences } from './mapDifference.ts'
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

/** What only the longer one has counts as changed. */
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
  await walkDifferences(load, [older, newer], blockSizeBytes, end, differs)
  return tally.result()
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
