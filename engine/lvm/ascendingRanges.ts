import type { RangeSet, Span } from '../sources/ranges.ts'

/** Some 30 MB of ranges. On a volume of a terabyte they are 2 MiB apart by then, and reading what lies between costs little more. */
export const mostRanges = 2 ** 19

/**
 * A RangeSet under construction, whose ranges come in ascending order, in bounded memory: when there are more than `limit` (2 or
 * more), the smaller gaps between them are filled. For sets of which more is right and less is not.
 */
export class AscendingRanges {
  readonly #limit: number
  #ranges: Span[] = []
  /** Gaps up to this are filled. */
  #gap = 0

  constructor(limit: number = mostRanges) {
    this.#limit = limit
  }

  /** `start` must not be less than that of the range before. An empty range adds nothing. */
  add(start: number, end: number): void {
    if (end <= start) return
    if (!this.#join(this.#ranges, start, end) || this.#ranges.length <= this.#limit) return
    while (this.#ranges.length > this.#limit / 2) {
      this.#gap = Math.max(4096, this.#gap * 2)
      const fewer: Span[] = []
      for (const range of this.#ranges) this.#join(fewer, range.start, range.end)
      this.#ranges = fewer
    }
  }

  get count(): number {
    return this.#ranges.length
  }

  finish(): RangeSet {
    return this.#ranges
  }

  /** Whether that made one more. */
  #join(ranges: Span[], start: number, end: number): boolean {
    const last = ranges.at(-1)
    if (last !== undefined && start < last.start) throw new RangeError('Ranges do not ascend.')
    if (last !== undefined && start - last.end <= this.#gap) {
      last.end = Math.max(last.end, end)
      return false
    }
    ranges.push({ start, end })
    return true
  }
}
