import { type RangeSet, type Span, subtract } from '../sources/ranges.ts'
import { doubt } from './doubt.ts'
import { FreeSpace } from './freeSpace.ts'

/** A stretch of the logical addresses of btrfs, and where it is on the device: once, or twice with DUP. */
export interface Chunk {
  /** First logical address. */
  start: number
  length: number
  /** Offsets on the device. */
  stripes: number[]
}

/** Profiles by which every stripe holds the whole chunk. */
const wholeProfiles = new Set(['DATA', 'METADATA', 'SYSTEM', 'single', 'DUP'])

/** Counts the items of `btrfs inspect-internal dump-tree` against what its leaves say that they hold: all of them must be there. */
class CountedItems {
  #promised = 0
  #seen = 0
  #leaves = 0

  line(line: string): void {
    const leaf = /^leaf \d+ items (\d+) /.exec(line)
    if (leaf) {
      this.#promised += Number(leaf[1])
      this.#leaves++
    } else if (/^\titem \d+ key \(/.test(line)) this.#seen++
  }

  end(): void {
    if (this.#leaves === 0 || this.#seen !== this.#promised) confused()
  }
}

function confused(): never {
  return doubt('what btrfs says of it is not understood')
}

/** Understands the chunk tree. A Doubt when it is of several devices or of a profile that spreads data. */
export class DumpedChunks {
  readonly #items = new CountedItems()
  readonly #chunks: (Chunk & { type?: string; promisedStripes?: number })[] = []

  line(line: string): void {
    this.#items.line(line)
    const item = /^\titem \d+ key \(\S+ (\S+) (\d+)\) /.exec(line)
    if (item) {
      if (item[1] === 'CHUNK_ITEM') this.#chunks.push({ start: Number(item[2]), length: 0, stripes: [] })
      else if (item[1] !== 'DEV_ITEM' || item[2] !== '1' || this.#chunks.length > 0) doubt('it has several devices')
      return
    }
    const chunk = this.#chunks.at(-1)
    const kind = /^\t\tlength (\d+) owner \d+ stripe_len \d+ type (\S+)$/.exec(line)
    const count = /^\t\tnum_stripes (\d+) /.exec(line)
    const stripe = /^\t\t\tstripe (\d+) devid (\d+) offset (\d+)$/.exec(line)
    if (!kind && !count && !stripe) return
    if (chunk === undefined) confused()
    if (kind) {
      chunk.length = Number(kind[1])
      chunk.type = kind[2]!
    } else if (count) chunk.promisedStripes = Number(count[1])
    else if (stripe) {
      if (stripe[2] !== '1') doubt('it has several devices')
      chunk.stripes.push(Number(stripe[3]))
    }
  }

  /** Ascending by logical address. All is inside of a device of `sizeBytes`, and nothing is there twice. */
  end(sizeBytes: number): Chunk[] {
    this.#items.end()
    let after = 0
    for (const { start, length, stripes, type, promisedStripes } of this.#chunks) {
      if (type === undefined || length === 0 || stripes.length === 0 || stripes.length !== promisedStripes) confused()
      if (!type.split('|').every(part => wholeProfiles.has(part)))
        doubt(`it is spread by a profile (${type}) that is not known here`)
      if (start < after || !Number.isSafeInteger(start + length)) confused()
      after = start + length
    }
    const places = stripesOf(this.#chunks).sort((a, b) => a.start - b.start)
    places.forEach(({ start, end }, i) => {
      if (end > sizeBytes || start < (places[i - 1]?.end ?? 0)) confused()
    })
    if (places.length === 0) confused()
    return this.#chunks
  }
}

const stripesOf = (chunks: readonly Chunk[]): Span[] =>
  chunks.flatMap(({ length, stripes }) => stripes.map(start => ({ start, end: start + length })))

/** Understands the extent tree: which logical addresses are in use. They must add up to what the superblock says. */
export class DumpedExtents {
  readonly #items = new CountedItems()
  readonly #chunks: readonly Chunk[]
  readonly #nodeBytes: number
  /** Gaps between extents, in logical addresses. */
  readonly #gaps: FreeSpace
  #usedBytes = 0
  #after = 0
  #chunk = 0

  constructor(chunks: readonly Chunk[], nodeBytes: number) {
    this.#chunks = chunks
    this.#nodeBytes = nodeBytes
    const last = chunks.at(-1)
    this.#gaps = new FreeSpace(last === undefined ? 0 : last.start + last.length)
  }

  line(line: string): void {
    this.#items.line(line)
    const item = /^\titem \d+ key \((\d+) (EXTENT_ITEM|METADATA_ITEM) (\d+)\) /.exec(line)
    if (!item) return
    const start = Number(item[1])
    const end = start + (item[2] === 'EXTENT_ITEM' ? Number(item[3]) : this.#nodeBytes)
    if (start < this.#after || end === start) confused()
    let chunk = this.#chunks[this.#chunk]
    while (chunk !== undefined && chunk.start + chunk.length <= start) chunk = this.#chunks[++this.#chunk]
    if (chunk === undefined || start < chunk.start || end > chunk.start + chunk.length) confused()
    this.#gaps.add(this.#after, start)
    this.#after = end
    this.#usedBytes += end - start
  }

  /** Logical addresses that hold nothing. */
  end(usedBytes: number): RangeSet {
    this.#items.end()
    if (this.#usedBytes !== usedBytes) doubt('its extents do not add up to what its superblock says')
    this.#gaps.add(this.#after, this.#gaps.sizeBytes)
    return this.#gaps.ranges()
  }
}

/**
 * Adds what is free on the device up to `endAt`: what no chunk occupies, and of chunks what holds nothing, on every stripe. Never
 * what is in `reserved`.
 */
export function addFreePlaces(
  chunks: readonly Chunk[],
  gaps: RangeSet,
  endAt: number,
  reserved: RangeSet,
  free: FreeSpace,
): void {
  const places = chunks.flatMap(chunk => chunk.stripes.map(at => ({ chunk, at }))).sort((a, b) => a.at - b.at)
  const add = (start: number, end: number) => {
    if (start >= end) return
    for (const part of subtract([{ start, end }], reserved)) free.add(part.start, part.end)
  }
  let after = 0
  for (const { chunk, at } of places) {
    add(after, at)
    for (const gap of gapsIn(gaps, chunk)) add(at + gap.start - chunk.start, at + gap.end - chunk.start)
    after = at + chunk.length
  }
  add(after, endAt)
}

function* gapsIn(gaps: RangeSet, { start, length }: Chunk): Generator<Span> {
  let low = 0
  let high = gaps.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (gaps[middle]!.end <= start) low = middle + 1
    else high = middle
  }
  for (let i = low; i < gaps.length && gaps[i]!.start < start + length; i++) {
    yield { start: Math.max(gaps[i]!.start, start), end: Math.min(gaps[i]!.end, start + length) }
  }
}
