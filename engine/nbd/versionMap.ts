import { isHoldfastError, throwIfAborted } from '../contract/errors.ts'
import { blockCountOf, childSpan, levelsFor } from '../repository/blockMap.ts'
import { mapFanout } from '../repository/format.ts'
import type { Repository } from '../repository/repository.ts'
import { rootOf, type VersionRecord } from '../repository/versionRecord.ts'
import type { ExportExtent } from './export.ts'
import type { KnownBlock } from './frames.ts'

/** About 20 KB each. With blocks of 32 KiB one covers 4 MiB. */
const cachedLeaves = 2048
/** One call looks no further, so that it ends soon. */
const extentsPerCall = 8192
const leavesPerCall = 1024

/** The blocks of a version that one leaf of its map names. */
export interface Leaf {
  /** Ids, from block `number * mapFanout` on; undefined for holes. */
  readonly ids: readonly (Buffer | undefined)[]
  /** What is known of where they are. */
  readonly places: (KnownBlock | undefined)[]
}

/** The map of a version, loaded leaf by leaf as parts of it are asked for. Leaves are kept within bounds. */
export class VersionMap {
  readonly sizeBytes: number
  readonly blockSizeBytes: number
  readonly blockCount: number
  readonly #repository: Repository
  readonly #root: Buffer | undefined
  readonly #leaves = new Map<number, Leaf>()
  readonly #loading = new Map<number, Promise<Leaf>>()

  constructor(repository: Repository, version: VersionRecord) {
    this.#repository = repository
    this.#root = rootOf(version).id
    this.sizeBytes = version.sizeBytes
    this.blockSizeBytes = repository.blockSizeBytes
    this.blockCount = blockCountOf(version.sizeBytes, repository.blockSizeBytes)
  }

  /** Bytes that a block has, which is less than others have for the last one. */
  plainBytesOf(block: number): number {
    return Math.min(this.blockSizeBytes, this.sizeBytes - block * this.blockSizeBytes)
  }

  /** The leaf that names a block, if it is in memory. */
  leafOf(block: number): Leaf | undefined {
    return this.#leaves.get(Math.floor(block / mapFanout))
  }

  /** Loads it if need be. Fails with integrity.* when no copy of it, or of a node above it, is sound. */
  async loadLeafOf(block: number, signal?: AbortSignal): Promise<Leaf> {
    const number = Math.floor(block / mapFanout)
    const known = this.#leaves.get(number)
    if (known) {
      this.#leaves.delete(number)
      this.#leaves.set(number, known)
      return known
    }
    throwIfAborted(signal, 'The reading')
    let loading = this.#loading.get(number)
    if (!loading) {
      // Others may wait for it, so it is not cancelled with whoever asked first.
      loading = this.#load(number).finally(() => this.#loading.delete(number))
      this.#loading.set(number, loading)
    }
    return await loading
  }

  /** As Export.extents: neighbours that are alike are one. A part whose map is damaged counts as data; reading it fails. */
  async extents(offset: number, length: number, signal?: AbortSignal): Promise<ExportExtent[]> {
    const end = offset + length
    const found: ExportExtent[] = []
    let at = offset
    let leaves = 0
    const add = (kind: ExportExtent['kind'], until: number) => {
      const to = Math.min(until, end)
      if (to <= at) return
      const last = found.at(-1)
      if (last?.kind === kind) last.length += to - at
      else found.push({ kind, length: to - at })
      at = to
    }
    while (at < end && found.length < extentsPerCall && leaves < leavesPerCall) {
      const block = Math.floor(at / this.blockSizeBytes)
      const known = this.leafOf(block)
      const hole = known ? block : await this.#holeAt(block)
      if (hole > block) {
        add('hole', hole * this.blockSizeBytes)
        continue
      }
      leaves++
      const first = block - (block % mapFanout)
      let leaf: Leaf
      try {
        leaf = known ?? (await this.loadLeafOf(block, signal))
      } catch (error) {
        if (!isDamage(error)) throw error
        add('data', (first + mapFanout) * this.blockSizeBytes)
        continue
      }
      for (let i = block - first; i < mapFanout && at < end; i++) {
        add(leaf.ids[i] ? 'data' : 'hole', (first + i + 1) * this.blockSizeBytes)
      }
    }
    return found
  }

  /** The end of the hole that `block` lies in, as far as nodes above the leaves show it; `block` itself when they do not. */
  async #holeAt(block: number): Promise<number> {
    let id = this.#root
    if (!id) return this.blockCount
    for (let level = levelsFor(this.blockCount) - 1; level > 0; level--) {
      const span = childSpan(level)
      try {
        id = (await this.#repository.blocks.loadNode(id, level)).children[Math.floor(block / span) % mapFanout]
      } catch (error) {
        if (isDamage(error)) return block
        throw error
      }
      if (!id) return (Math.floor(block / span) + 1) * span
    }
    return block
  }

  async #load(number: number): Promise<Leaf> {
    let id = this.#root
    for (let level = levelsFor(this.blockCount) - 1; id && level >= 0; level--) {
      const node = await this.#repository.blocks.loadNode(id, level)
      if (level === 0) return this.#keep(number, node.children)
      id = node.children[Math.floor((number * mapFanout) / childSpan(level)) % mapFanout]
    }
    return this.#keep(number, noIds)
  }

  #keep(number: number, ids: Leaf['ids']): Leaf {
    const leaf: Leaf = { ids, places: new Array<KnownBlock | undefined>(mapFanout).fill(undefined) }
    if (this.#leaves.size >= cachedLeaves) this.#leaves.delete(this.#leaves.keys().next().value!)
    this.#leaves.set(number, leaf)
    return leaf
  }
}

const noIds: Leaf['ids'] = new Array<undefined>(mapFanout).fill(undefined)

const isDamage = (error: unknown): boolean =>
  isHoldfastError(error, 'integrity.blockDamaged', 'integrity.blockMissing', 'integrity.objectDamaged')
