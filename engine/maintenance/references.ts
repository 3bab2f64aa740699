import { HoldfastError, throwIfAborted } from '../contract/errors.ts'
import type { ByteRange } from '../contract/models.ts'
import { blockCountOf, childSpan, levelsFor, type MapNode } from '../repository/blockMap.ts'
import type { MapRoot } from '../repository/blockMapEditor.ts'
import type { BlockStore } from '../repository/blockStore.ts'
import { mapFanout } from '../repository/format.ts'
import type { Repository } from '../repository/repository.ts'
import { recipeRootOf, rootOf, type VersionRecord } from '../repository/versionRecord.ts'

/** What of a version has no sound copy in the repository. */
export interface LostOfVersion {
  version: VersionRecord
  /** Ids of blocks and map nodes. */
  blocks: ReadonlySet<string>
  /** Those of them that its machine recipe needs. */
  recipeBlocks: ReadonlySet<string>
  /** Those that the source needs. */
  sourceBlocks: ReadonlySet<string>
  /** Where they lie in the source, at most `maximumRanges`. */
  ranges: ByteRange[]
}

const maximumRanges = 1000

/**
 * Goes through the maps of versions and finds every block that cannot be restored. Subtrees that were found whole are not
 * entered again, so many similar versions cost little more than one. Maps are read from the storage itself.
 */
export async function findLost(
  repository: Repository,
  versions: readonly VersionRecord[],
  signal?: AbortSignal,
): Promise<LostOfVersion[]> {
  const whole = new Set<string>()
  const stored = repository.storedBlocks()
  const lost: LostOfVersion[] = []
  for (const version of versions) {
    throwIfAborted(signal, 'The search')
    const sourceBlocks = new Set<string>()
    const recipeBlocks = new Set<string>()
    const ranges: ByteRange[] = []
    const walk = async (root: MapRoot | undefined, lose: Lose) => {
      if (!root?.id) return
      const level = levelsFor(blockCountOf(root.sizeBytes, version.blockSizeBytes)) - 1
      await new Walk(repository, stored, lose, whole, signal).node(root.id, level, 0)
    }
    await walk(rootOf(version), (id, start, count) => {
      sourceBlocks.add(id)
      addRange(ranges, version, start, count)
    })
    await walk(recipeRootOf(version), id => recipeBlocks.add(id))
    const blocks = new Set([...sourceBlocks, ...recipeBlocks])
    if (blocks.size > 0) lost.push({ version, blocks, recipeBlocks, sourceBlocks, ranges })
  }
  return lost
}

/** Told of a lost block or node: its id in hex, and the blocks that it stands for. */
type Lose = (id: string, start: number, count: number) => void

class Walk {
  readonly #repository: Repository
  readonly #stored: BlockStore
  readonly #lose: Lose
  readonly #whole: Set<string>
  readonly #signal: AbortSignal | undefined

  constructor(
    repository: Repository,
    stored: BlockStore,
    lose: Lose,
    whole: Set<string>,
    signal: AbortSignal | undefined,
  ) {
    this.#repository = repository
    this.#stored = stored
    this.#lose = lose
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
      node = await this.#stored.loadNode(id, level)
    } catch (error) {
      if (!(error instanceof HoldfastError) || !/^(integrity|storage\.(objectNotFound|rangeInvalid))/.test(error.code))
        throw error
      this.#lose(id.toString('hex'), start, span * mapFanout)
      return false
    }
    let isWhole = true
    for (let slot = 0; slot < mapFanout; slot++) {
      const child = node.children[slot]
      if (!child) continue
      const at = start + slot * span
      if (level > 0) isWhole = (await this.node(child, level - 1, at)) && isWhole
      else if (!this.#repository.index.hasSoundCopy(child)) {
        this.#lose(child.toString('hex'), at, 1)
        isWhole = false
      }
    }
    if (isWhole) this.#whole.add(key)
    return isWhole
  }
}

function addRange(ranges: ByteRange[], version: VersionRecord, start: number, count: number): void {
  const offset = start * version.blockSizeBytes
  const length = Math.min(count * version.blockSizeBytes, version.sizeBytes - offset)
  const last = ranges.at(-1)
  if (last && last.offset + last.length === offset) last.length += length
  else if (ranges.length < maximumRanges) ranges.push({ offset, length })
}
