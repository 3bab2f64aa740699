import { blockCountOf, childSpan, emptyNode, levelsFor, type MapNode } from './blockMap.ts'
import { mapFanout } from './format.ts'

/** Loads and stores map nodes; the repository's block store does both. */
export interface NodeStore {
  load(id: Buffer, level: number): Promise<MapNode>
  /** Stores a node unless it is known, and returns its id. */
  save(node: MapNode): Promise<Buffer>
}

export interface MapRoot {
  /** Undefined when everything is a hole. */
  id: Buffer | undefined
  sizeBytes: number
}

/**
 * Makes the map of a new version out of that of another (or out of nothing but holes) by changes in ascending order.
 * Only the nodes on the way to a change are loaded, and only changed ones are stored; memory is one node a level.
 */
export class BlockMapEditor {
  readonly #nodes: NodeStore
  readonly #levels: number
  readonly #blockCount: number
  /** path[level] is the open node of that level that holds the present position; changes are kept in it. */
  readonly #path: ({ node: MapNode; index: number; changed: boolean } | undefined)[]
  #root: Buffer | undefined
  #position = 0

  private constructor(nodes: NodeStore, blockCount: number, root: Buffer | undefined) {
    this.#nodes = nodes
    this.#blockCount = blockCount
    this.#levels = levelsFor(blockCount)
    this.#path = new Array(this.#levels).fill(undefined)
    this.#root = root
  }

  /** Starts from `base`, cut or grown (with holes) to `sizeBytes`; block boundaries must agree. */
  static async open(
    nodes: NodeStore,
    base: MapRoot,
    sizeBytes: number,
    blockSizeBytes: number,
  ): Promise<BlockMapEditor> {
    const blockCount = blockCountOf(sizeBytes, blockSizeBytes)
    const baseCount = blockCountOf(base.sizeBytes, blockSizeBytes)
    let root = base.id
    let levels = levelsFor(baseCount)
    const wanted = levelsFor(blockCount)
    for (; root && levels > wanted; levels--) root = (await nodes.load(root, levels - 1)).children[0]
    for (; root && levels < wanted; levels++) {
      const parent = emptyNode(levels)
      parent.children[0] = root
      root = await nodes.save(parent)
    }
    if (root && baseCount > blockCount) {
      const cut = new BlockMapEditor(nodes, mapFanout ** wanted, root)
      await cut.setHoles(blockCount, Math.min(baseCount, mapFanout ** wanted))
      root = await cut.finish()
    }
    return new BlockMapEditor(nodes, blockCount, root)
  }

  /** Sets one block. Indexes must ascend over all calls of `set` and `setHoles`. */
  async set(index: number, id: Buffer | undefined): Promise<void> {
    this.#advance(index, index + 1)
    const leaf = await this.#seek(index)
    const slot = index % mapFanout
    const old = leaf.node.children[slot]
    if (old === id || (old && id && old.equals(id))) return
    leaf.node.children[slot] = id
    leaf.changed = true
  }

  /** Makes holes of the blocks [from, to). Whole subtrees are dropped unseen. */
  async setHoles(from: number, to: number): Promise<void> {
    if (from >= to) return
    this.#advance(from, to)
    await this.#holesWithin(this.#levels - 1, from, to)
  }

  /** Stores what is open and returns the new root; undefined when all is holes. */
  async finish(): Promise<Buffer | undefined> {
    await this.#closeBelow(this.#levels)
    return this.#root
  }

  #advance(from: number, to: number): void {
    if (from < this.#position || to > this.#blockCount) {
      throw new RangeError(`block map: change at ${from}..${to} after ${this.#position} of ${this.#blockCount}`)
    }
    this.#position = to
  }

  /** Opens the nodes on the way to a block and returns its leaf. */
  async #seek(index: number) {
    return this.#open(0, Math.floor(index / mapFanout))
  }

  /** The open node number `index` of a level; what was open there and below is stored first. */
  async #open(level: number, index: number): Promise<{ node: MapNode; index: number; changed: boolean }> {
    const open = this.#path[level]
    if (open && open.index === index) return open
    await this.#closeBelow(level + 1)
    let id: Buffer | undefined
    if (level === this.#levels - 1) id = this.#root
    else {
      const parent = await this.#open(level + 1, Math.floor(index / mapFanout))
      id = parent.node.children[index % mapFanout]
    }
    const node = id ? await this.#nodes.load(id, level) : emptyNode(level)
    // A loaded node may be shared with a cache: edits go to a copy.
    const entry = { node: { level, children: [...node.children] }, index, changed: false }
    this.#path[level] = entry
    return entry
  }

  async #holesWithin(level: number, from: number, to: number): Promise<void> {
    const span = childSpan(level)
    const nodeSpan = span * mapFanout
    for (let at = from; at < to; ) {
      const nodeIndex = Math.floor(at / nodeSpan)
      const nodeEnd = Math.min(to, (nodeIndex + 1) * nodeSpan)
      const open = await this.#open(level, nodeIndex)
      while (at < nodeEnd) {
        const slot = Math.floor(at / span) % mapFanout
        const childStart = Math.floor(at / span) * span
        const childEnd = Math.min(childStart + span, nodeEnd)
        const whole = at === childStart && (childEnd === childStart + span || childEnd === this.#blockCount)
        const below = level > 0 ? this.#path[level - 1] : undefined
        const openBelow = below !== undefined && below.index === Math.floor(childStart / span)
        if (level === 0 || (whole && !openBelow)) {
          if (open.node.children[slot] !== undefined) {
            open.node.children[slot] = undefined
            open.changed = true
          }
        } else if (open.node.children[slot] !== undefined || openBelow) {
          await this.#holesWithin(level - 1, at, childEnd)
        }
        at = childEnd
      }
    }
  }

  /** Stores the open nodes of levels under `end`, lowest first, each into its parent. */
  async #closeBelow(end: number): Promise<void> {
    for (let level = 0; level < end; level++) {
      const open = this.#path[level]
      if (!open) continue
      this.#path[level] = undefined
      if (!open.changed) continue
      const empty = open.node.children.every(child => child === undefined)
      const id = empty ? undefined : await this.#nodes.save(open.node)
      if (level === this.#levels - 1) {
        this.#root = id
        continue
      }
      const parent = await this.#open(level + 1, Math.floor(open.index / mapFanout))
      parent.node.children[open.index % mapFanout] = id
      parent.changed = true
    }
  }
}
