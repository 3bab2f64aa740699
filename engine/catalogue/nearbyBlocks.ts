import type { BlockRow } from './blockRows.ts'
import type { PackContent } from './packContents.ts'

/** Blocks of packs that are kept, at most: about 3 MB. */
const mostBlocks = 65_536
/** So many blocks of one pack must have been asked for before all of it is taken in. */
const enoughAsked = 4
/** Packs that are counted at one time. */
const mostCounted = 4096
/** Packs in which the next block is looked for: those of threads that stored side by side, and of a few days. */
const mostGuessed = 6
/** Blocks of a pack that may have been skipped since its last one: such as were replaced later. */
const stepsAhead = 4

/** What all blocks of a pack have in common. */
export type PackFacts = Pick<BlockRow, 'packNum' | 'packId' | 'wrappedKey' | 'packState'>

/**
 * Packs that were used lately, to guess where the next block is: blocks that were stored one after the other are wanted one
 * after the other. A guess is right when the id is. Sound blocks of live packs only.
 */
export class NearbyBlocks {
  /** The one taken in first at the front. */
  readonly #packs = new Map<number, NearbyPack>()
  /** The one used last at the front. */
  #recent: NearbyPack[] = []
  #blocks = 0
  readonly #asked = new Map<number, number>()

  /** The row of a block that comes next in one of the packs. */
  next(id: Uint8Array): BlockRow | undefined {
    for (const pack of this.#recent) {
      const row = pack.next(id)
      if (!row) continue
      this.#use(pack)
      return row
    }
    return undefined
  }

  /** A block was found in another way: what is behind it in its pack is likely to come next. */
  goOnBehind(row: BlockRow): void {
    const pack = this.#packs.get(row.packNum)
    if (!pack) return
    pack.goOnBehind(row)
    this.#use(pack)
  }

  /** A block of the pack was looked up by itself. True when it is time to take the pack in. */
  isWorthTaking(packNum: number): boolean {
    if (this.#packs.has(packNum)) return false
    if (this.#asked.size >= mostCounted) this.#asked.clear()
    const asked = (this.#asked.get(packNum) ?? 0) + 1
    this.#asked.set(packNum, asked)
    return asked >= enoughAsked
  }

  /** `isSound` tells which of its blocks may be given out. */
  take(facts: PackFacts, contents: readonly PackContent[], isSound: (id: Buffer) => boolean): void {
    const pack = new NearbyPack(facts, contents, isSound)
    this.#asked.delete(facts.packNum)
    while (this.#blocks + pack.count > mostBlocks && this.#packs.size > 0) this.#drop()
    this.#packs.set(facts.packNum, pack)
    this.#blocks += pack.count
  }

  clear(): void {
    this.#packs.clear()
    this.#recent = []
    this.#blocks = 0
    this.#asked.clear()
  }

  #use(pack: NearbyPack): void {
    if (this.#recent[0] === pack) return
    this.#recent = [pack, ...this.#recent.filter(other => other !== pack)].slice(0, mostGuessed)
  }

  #drop(): void {
    const [packNum, pack] = this.#packs.entries().next().value!
    this.#packs.delete(packNum)
    this.#recent = this.#recent.filter(other => other !== pack)
    this.#blocks -= pack.count
  }
}

/** Flat arrays: an object for each block would keep the garbage collector busier than the blocks keep us. */
class NearbyPack {
  readonly count: number
  readonly #facts: PackFacts
  readonly #frames: Omit<PackContent, 'blocks'>[] = []
  readonly #ids: Buffer[] = []
  /** For each block: number of its frame, start, plain bytes. */
  readonly #places: Uint32Array
  /** The block that is expected next. */
  #next = 0

  constructor(facts: PackFacts, contents: readonly PackContent[], isSound: (id: Buffer) => boolean) {
    const { packNum, packId, wrappedKey, packState } = facts
    this.#facts = { packNum, packId, wrappedKey, packState }
    const places: number[] = []
    for (const { blocks, ...frame } of contents) {
      const number = this.#frames.push(frame) - 1
      for (const { id, start, plainBytes } of blocks) {
        if (!isSound(id)) continue
        this.#ids.push(id)
        places.push(number, start, plainBytes)
      }
    }
    this.#places = Uint32Array.from(places)
    this.count = this.#ids.length
  }

  next(id: Uint8Array): BlockRow | undefined {
    const end = Math.min(this.#next + stepsAhead, this.count)
    for (let i = this.#next; i < end; i++) {
      const candidate = this.#ids[i]!
      if (candidate[0] !== id[0] || !candidate.equals(id)) continue
      this.#next = i + 1
      return this.#row(i)
    }
    return undefined
  }

  goOnBehind({ frameOffset, start }: BlockRow): void {
    let [low, high] = [0, this.count]
    while (low < high) {
      const middle = (low + high) >> 1
      const offset = this.#frames[this.#places[middle * 3]!]!.frameOffset
      const isBehind = offset === frameOffset ? this.#places[middle * 3 + 1]! > start : offset > frameOffset
      if (isBehind) high = middle
      else low = middle + 1
    }
    this.#next = low
  }

  #row(i: number): BlockRow {
    const { packNum, packId, wrappedKey, packState } = this.#facts
    const frame = this.#frames[this.#places[i * 3]!]!
    return {
      packNum,
      packId,
      wrappedKey,
      packState,
      kind: frame.kind,
      compression: frame.compression,
      frameOffset: frame.frameOffset,
      frameStoredBytes: frame.frameStoredBytes,
      framePlainBytes: frame.framePlainBytes,
      start: this.#places[i * 3 + 1]!,
      plainBytes: this.#places[i * 3 + 2]!,
      damaged: 0,
    }
  }
}
