import type { RangeSet } from '../sources/ranges.ts'
import { AscendingRanges, mostRanges } from './ascendingRanges.ts'
import { chunkBytesOf, numberOf, type Tag, TagReader } from './xmlTags.ts'

/**
 * Reads what `thin_dump --dev-id ID` prints, piece by piece: which chunks one thin volume has. Throws a SyntaxError when the output
 * is not that of this volume, whole; for an id that the pool does not know, thin_dump prints no volume at all and ends with 0.
 */
export class ThinDumpReader {
  readonly #id: number
  readonly #sizeBytes: number
  readonly #tags = new TagReader()
  readonly #ranges: AscendingRanges
  #chunkBytes = 0
  #state: 'begin' | 'superblock' | 'device' | 'behind' | 'end' = 'begin'
  #expected = 0
  #found = 0

  /** `sizeBytes` is that of the volume. */
  constructor(id: number, sizeBytes: number, limit: number = mostRanges) {
    this.#id = id
    this.#sizeBytes = sizeBytes
    this.#ranges = new AscendingRanges(limit)
  }

  push(text: string): void {
    for (const tag of this.#tags.push(text)) this.#take(tag)
  }

  /** Bytes that were ever written, rounded out to chunks of the pool. */
  finish(): RangeSet {
    this.#tags.finish()
    if (this.#state !== 'end') throw new SyntaxError('the output is cut off, or the pool does not know the volume')
    return this.#ranges.finish()
  }

  #take(tag: Tag): void {
    switch (`${this.#state} ${tag.name}`) {
      case 'begin superblock':
        this.#chunkBytes = chunkBytesOf(tag)
        this.#state = 'superblock'
        break
      case 'superblock device':
        if (numberOf(tag, 'dev_id') !== this.#id) throw new SyntaxError('it is of another volume')
        this.#expected = numberOf(tag, 'mapped_blocks')
        this.#state = 'device'
        break
      case 'device single_mapping':
        this.#range(numberOf(tag, 'origin_block'), 1)
        break
      case 'device range_mapping':
        this.#range(numberOf(tag, 'origin_begin'), numberOf(tag, 'length'))
        break
      case 'device /device':
        if (this.#found !== this.#expected) throw new SyntaxError(`${this.#found} chunks of ${this.#expected}`)
        this.#state = 'behind'
        break
      case 'behind /superblock':
        this.#state = 'end'
        break
      default:
        throw new SyntaxError(`unexpected ${tag.name}`)
    }
  }

  #range(begin: number, length: number): void {
    this.#found += length
    const from = Math.min(begin * this.#chunkBytes, this.#sizeBytes)
    this.#ranges.add(from, Math.min((begin + length) * this.#chunkBytes, this.#sizeBytes))
  }
}
