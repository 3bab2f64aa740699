import { HoldfastError, throwIfAborted } from '../contract/errors.ts'
import type { ByteRange } from '../contract/models.ts'
import { blockCountOf, childSpan, levelsFor, type MapNode } from '../repository/blockMap.ts'
import { mapFanout } from '../repository/format.ts'
import type { Repository } from '../repository/repository.ts'
import type { VersionRecord } from '../repository/versionRecord.ts'

/** What of a version has no sound copy in the repository. */
export interface LostOfVersion {
  version: VersionRecord
  /** Ids of blocks and map nodes. */
  blocks: Set<string>
  /** Where they lie, at most `maximumRanges`. */
  ranges: ByteRange[]
}

const maximumRanges = 1000

/**
 * Goes through the maps of versions and finds every block that cannot be restored. Subtrees that were found whole are not
 * entered again, so many similar versions cost little more than one.
 */
export async function findLost(
  repository: Repository,
  versions: readonly VersionRecord[],
  signal?: AbortSignal,
): Promise<LostOfVersion[]> {
  const whole = new Set<string>()
  const lost: LostOfVersion[] = []
  for (const version of versions) {
    throwIfAborted(signal, 'The search')
    const found: LostOfVersion = { version, blocks: new Set(), ranges: [] }
    if (version.root !== null) {
      const level = levelsFor(blockCountOf(version.sizeBytes, version.blockSizeBytes)) - 1
      await new Walk(repository, found, whole, signal).node(Buffer.from(version.root, 'hex'), level, 0)
    }
    if (found.blocks.size > 0) lost.push(found)
  }
  return lost
}

class Walk {
  readonly #repository: Repository
  readonly #found: LostOfVersion
  readonly #whole: Set<string>
  readonly #signal: AbortSignal | undefined

  constructor(repository: Repository, found: LostOfVersion, whole: Set<string>, signal: AbortSignal | undefined) {
    this.#repository = repository
    this.#found = found
    this.#whole = whole
    this.#signal = signal
  }

  /** Returns true when nothing under the node is lost. `start` is its first block. */
  async node(id: Buffer, level: number, start: number): Promise<boolean> {
    const key = `${level}${id.toString('latin1')}`
    if (this.#whole.has(key)) return true
    throwIfAborted(this.#signal, 'The search')
    const span = childSpan(level)
    let node: MapNode
    try {
      if (!this.#repository.index.hasSoundCopy(id)) throw new HoldfastError('integrity.blockMissing', 'lost')
      node = await this.#repository.blocks.loadNode(id, level)
    } catch (error) {
      if (!(error instanceof HoldfastError) || !/^(integrity|storage\.(objectNotFound|rangeInvalid))/.test(error.code))
        throw error
      this.#add(id, start, span * mapFanout)
      return false
    }
    let isWhole = true
    for (let slot = 0; slot < mapFanout; slot++) {
      const child = node.children[slot]
      if (!child) continue
      const at = start + slot * span
      if (level > 0) isWhole = (await this.node(child, level - 1, at)) && isWhole
      else if (!this.#repository.index.hasSoundCopy(child)) {
        this.#add(child, at, 1)
        isWhole = false
      }
    }
    if (isWhole) this.#whole.add(key)
    return isWhole
  }

  #add(id: Buffer, start: number, count: number): void {
    const { version, blocks, ranges } = this.#found
    blocks.add(id.toString('hex'))
    const offset = start * version.blockSizeBytes
    const length = Math.min(count * version.blockSizeBytes, version.sizeBytes - offset)
    const last = ranges.at(-1)
    if (last && last.offset + last.length === offset) last.length += length
    else if (ranges.length < maximumRanges) ranges.push({ offset, length })
  }
}
