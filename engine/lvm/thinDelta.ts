import { type RangeSet, subtract } from '../sources/ranges.ts'
import { AscendingRanges, mostRanges } from './ascendingRanges.ts'
import { chunkBytesOf, numberOf, type Tag, TagReader } from './xmlTags.ts'

export interface ThinDelta {
  /** Bytes whose chunks are others, or new. */
  written: RangeSet
  /** Bytes whose chunks were given back; none of them is in `written`. */
  discarded: RangeSet
}

/** What two thin volumes are to be compared by. */
export interface ThinPair {
  olderId: number
  newerId: number
  /** Of each, in bytes. */
  olderSize: number
  newerSize: number
}

const kinds = new Set(['same', 'different', 'left_only', 'right_only'])

/**
 * Reads what `thin_delta --snap1 OLDER --snap2 NEWER` prints, piece by piece: ranges of chunks that both share (`same`), that
 * each has its own of (`different`), or that only one has (`left_only`, `right_only`); what neither has is not listed. Nothing is
 * listed that a volume cannot have, except behind its end after it was shrunk.
 *
 * Throws a SyntaxError when the output is not that of these two volumes, whole, in ascending order.
 */
export class ThinDeltaReader {
  readonly #pair: ThinPair
  readonly #limit: number
  readonly #tags = new TagReader()
  readonly #written: AscendingRanges
  readonly #discarded: AscendingRanges
  #chunkBytes = 0
  #state: 'begin' | 'superblock' | 'diff' | 'behind' | 'end' = 'begin'
  #end = 0

  constructor(pair: ThinPair, limit: number = mostRanges) {
    this.#pair = pair
    this.#limit = limit
    this.#written = new AscendingRanges(limit)
    // One more than are ever put into it: filling gaps would be wrong here.
    this.#discarded = new AscendingRanges(limit + 1)
  }

  push(text: string): void {
    for (const tag of this.#tags.push(text)) this.#take(tag)
  }

  finish(): ThinDelta {
    this.#tags.finish()
    if (this.#state !== 'end') throw new SyntaxError('the output is cut off')
    const { olderSize, newerSize } = this.#pair
    // Of what lies behind the end of the older one, it says nothing: what a chunk that both share holds there was not part of it.
    if (newerSize > olderSize) {
      const shared = Math.min(Math.ceil(olderSize / this.#chunkBytes) * this.#chunkBytes, newerSize)
      const written = addSorted(this.#written.finish(), olderSize, shared)
      return { written, discarded: subtract(addSorted(this.#discarded.finish(), shared, newerSize), written) }
    }
    return { written: this.#written.finish(), discarded: subtract(this.#discarded.finish(), this.#written.finish()) }
  }

  #take(tag: Tag): void {
    const { olderId, newerId } = this.#pair
    switch (`${this.#state} ${tag.name}`) {
      case 'begin superblock':
        this.#chunkBytes = chunkBytesOf(tag)
        this.#state = 'superblock'
        break
      case 'superblock diff':
        if (numberOf(tag, 'left') !== olderId || numberOf(tag, 'right') !== newerId)
          throw new SyntaxError('it compares others')
        this.#state = 'diff'
        break
      case 'diff /diff':
        this.#state = 'behind'
        break
      case 'behind /superblock':
        this.#state = 'end'
        break
      default:
        if (this.#state !== 'diff' || !kinds.has(tag.name)) throw new SyntaxError(`unexpected ${tag.name}`)
        this.#range(tag)
    }
  }

  #range(tag: Tag): void {
    const begin = numberOf(tag, 'begin')
    const end = begin + numberOf(tag, 'length')
    if (begin < this.#end || end <= begin) throw new SyntaxError('ranges do not ascend')
    this.#end = end
    if (tag.name === 'same') return
    const from = Math.min(begin * this.#chunkBytes, this.#pair.newerSize)
    const to = Math.min(end * this.#chunkBytes, this.#pair.newerSize)
    // Zeros that are read like data are right, too, when there is no room to tell them apart.
    const isGone = tag.name === 'left_only' && this.#discarded.count < this.#limit
    ;(isGone ? this.#discarded : this.#written).add(from, to)
  }
}

/** With one more range, whose beginning may lie in the last one but whose end lies behind all. */
function addSorted(set: RangeSet, start: number, end: number): RangeSet {
  const result = new AscendingRanges(set.length + 1)
  const inside = set.filter(range => range.start <= start)
  for (const range of inside) result.add(range.start, range.end)
  result.add(start, end)
  for (const range of set.slice(inside.length)) result.add(range.start, range.end)
  return result.finish()
}
