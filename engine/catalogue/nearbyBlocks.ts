import type { BlockRow } from './blockRows.ts'

/** Rows kept at most: about 20 MB. */
const mostRows = 65_536
/** So many blocks of one pack must have been asked for before all of it is taken in. */
const enoughAsked = 4
/** Packs that are counted at one time. */
const mostCounted = 4096

/**
 * Blocks of the packs that were used lately. Blocks that were stored together are wanted together, so that one look at a
 * pack's contents spares hundreds at single blocks. Keys are ids as latin1 strings.
 */
export class NearbyBlocks {
  readonly #rows = new Map<string, BlockRow>()
  /** Keys of each pack that was taken in, the one taken in first at the front. */
  readonly #packs = new Map<number, string[]>()
  readonly #asked = new Map<number, number>()

  get(key: string): BlockRow | undefined {
    return this.#rows.get(key)
  }

  /** A block of the pack was looked up by itself. True when it is time to take the pack in. */
  isWorthTaking(packNum: number): boolean {
    if (this.#packs.has(packNum)) return false
    if (this.#asked.size >= mostCounted) this.#asked.clear()
    const asked = (this.#asked.get(packNum) ?? 0) + 1
    this.#asked.set(packNum, asked)
    return asked >= enoughAsked
  }

  take(packNum: number, rows: readonly { key: string; row: BlockRow }[]): void {
    this.#asked.delete(packNum)
    while (this.#rows.size + rows.length > mostRows && this.#packs.size > 0) this.#drop()
    const keys: string[] = []
    for (const { key, row } of rows) {
      if (this.#rows.has(key)) continue
      this.#rows.set(key, row)
      keys.push(key)
    }
    this.#packs.set(packNum, keys)
  }

  clear(): void {
    this.#rows.clear()
    this.#packs.clear()
    this.#asked.clear()
  }

  #drop(): void {
    const [packNum, keys] = this.#packs.entries().next().value!
    for (const key of keys) this.#rows.delete(key)
    this.#packs.delete(packNum)
  }
}
