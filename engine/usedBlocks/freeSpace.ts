import { normalize, type RangeSet, subtract } from '../sources/ranges.ts'
import { doubt } from './doubt.ts'

export interface FreeSpaceOptions {
  /** Free ranges that are shorter may be forgotten. The smallest block of a repository unless given. */
  leastBytes?: number
  /** At most so many ranges are remembered; of more, the shortest are forgotten. */
  most?: number
}

/**
 * Collects the free ranges of a device of `sizeBytes`, in bounded memory: what is forgotten counts as used. So does whatever is
 * never named, which is why all parsers here collect what is free and none what is used.
 */
export class FreeSpace {
  readonly sizeBytes: number
  readonly #most: number
  #leastBytes: number
  #starts: number[] = []
  #ends: number[] = []

  constructor(sizeBytes: number, { leastBytes = 16 * 1024, most = 500_000 }: FreeSpaceOptions = {}) {
    this.sizeBytes = sizeBytes
    this.#leastBytes = leastBytes
    this.#most = most
  }

  /** [start, end) is free. In any order; ranges that touch the one before are joined to it. A Doubt when it lies outside. */
  add(start: number, end: number): void {
    if (
      !Number.isSafeInteger(start) ||
      !Number.isSafeInteger(end) ||
      start < 0 ||
      end < start ||
      end > this.sizeBytes
    ) {
      doubt('its metadata names places that do not exist')
    }
    if (start === end) return
    const last = this.#starts.length - 1
    if (last >= 0) {
      if (this.#ends[last] === start) {
        this.#ends[last] = end
        return
      }
      if (this.#ends[last]! - this.#starts[last]! < this.#leastBytes) {
        this.#starts[last] = start
        this.#ends[last] = end
        return
      }
    }
    if (this.#starts.length >= this.#most) this.#forgetShortest()
    this.#starts.push(start)
    this.#ends.push(end)
  }

  /** The free ranges that are remembered. */
  ranges(): RangeSet {
    return normalize(this.#starts.map((start, i) => ({ start, end: this.#ends[i]! })))
  }

  /** All others. */
  used(): RangeSet {
    return subtract(this.sizeBytes > 0 ? [{ start: 0, end: this.sizeBytes }] : [], this.ranges())
  }

  /** Forgets at least half, so that the cost of it stays small. */
  #forgetShortest(): void {
    const lengths = Float64Array.from(this.#starts, (start, i) => this.#ends[i]! - start).sort()
    this.#leastBytes = lengths[Math.floor(lengths.length / 2)]! + 1
    const kept = [...this.#starts.keys()].filter(i => this.#ends[i]! - this.#starts[i]! >= this.#leastBytes)
    const [starts, ends] = [this.#starts, this.#ends]
    this.#starts = kept.map(i => starts[i]!)
    this.#ends = kept.map(i => ends[i]!)
  }
}
