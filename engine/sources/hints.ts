import { readFile } from 'node:fs/promises'
import { HoldfastError } from '../contract/errors.ts'
import { alignIn, alignOut, count, normalize, type RangeSet, type Span, subtract, union } from './ranges.ts'

/**
 * Hints: a file that says which parts of a source changed since its last version, in the JSON of `rbd diff`:
 * `[{"offset": 0, "length": 4096, "exists": "true"}, …]`, bytes; `exists` is also accepted as true or false.
 *
 * Ranges that exist were written: every block that they touch is read. Ranges that do not exist were discarded: a block is
 * a hole only when they cover it wholly, otherwise it is read. A block of both kinds is read. Blocks that are not mentioned
 * stay as they are in the base version. Entries may overlap and need no order; an empty list says that nothing changed.
 */
export interface BlockHints {
  /** Blocks to read. */
  read: RangeSet
  /** Blocks known to be zeros; none of them is in `read`. */
  holes: RangeSet
}

export interface SourceShape {
  /** Size of the source in bytes. */
  sizeBytes: number
  /** Bytes per block; the last block of the source may be shorter. */
  blockSize: number
}

/**
 * Reads and parses a hints file. A missing file is `source.notFound`, anything wrong in it `source.hintsInvalid`.
 */
export async function readHintsFile(path: string, shape: SourceShape): Promise<BlockHints> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw new HoldfastError(
      missing ? 'source.notFound' : 'source.hintsInvalid',
      missing ? `The hints file ${path} does not exist.` : `The hints file ${path} cannot be read.`,
      { advice: 'Check the path, or back up without hints to read everything.', details: { path }, cause: error },
    )
  }
  return parseHints(text, shape, `the hints file ${path}`)
}

/**
 * Parses hints and rounds them to blocks. Fails with `source.hintsInvalid`, naming the entry (counted from 1), when an entry
 * is malformed or reaches beyond the end of the source. `origin` names the hints in messages.
 */
export function parseHints(text: string, shape: SourceShape, origin = 'the hints'): BlockHints {
  const written: Span[] = []
  const discarded: Span[] = []
  parseList(text, origin).forEach((entry, index) => {
    const { offset, length, exists } = parseEntry(entry, `Entry ${index + 1} of ${origin}`, shape.sizeBytes)
    const into = exists ? written : discarded
    into.push({ start: offset, end: offset + length })
  })
  return hintedBlocks(normalize(written), normalize(discarded), shape)
}

/** Rounds byte ranges to blocks so that no byte is lost: what is not certainly a hole is read. */
export function hintedBlocks(
  written: RangeSet,
  discarded: RangeSet,
  { sizeBytes, blockSize }: SourceShape,
): BlockHints {
  const certainHoles = subtract(alignIn(discarded, blockSize, sizeBytes), alignOut(written, blockSize))
  const touched = union(alignOut(written, blockSize), alignOut(discarded, blockSize))
  return { read: subtract(touched, certainHoles), holes: certainHoles }
}

function parseList(text: string, origin: string): unknown[] {
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch (error) {
    throw invalid(`${upperFirst(origin)} is not JSON: ${(error as Error).message}.`, {}, error)
  }
  if (!Array.isArray(list)) throw invalid(`${upperFirst(origin)} is not a JSON list.`, {})
  return list
}

function parseEntry(entry: unknown, where: string, sizeBytes: number) {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    throw invalid(`${where} is not an object with offset, length and exists.`, { entry })
  }
  const { offset, length, exists } = entry as Record<string, unknown>
  for (const [name, value] of Object.entries({ offset, length })) {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
      throw invalid(`${where} has no valid ${name}: ${JSON.stringify(value) ?? 'it is missing'}.`, { entry })
    }
  }
  if (![true, false, 'true', 'false'].includes(exists as boolean)) {
    throw invalid(`${where} has no valid exists: ${JSON.stringify(exists) ?? 'it is missing'}.`, { entry })
  }
  const range = { offset: offset as number, length: length as number, exists: exists === true || exists === 'true' }
  const end = range.offset + range.length
  if (end > sizeBytes) {
    throw invalid(
      `${where} covers the bytes from ${range.offset} to ${end}, beyond the end of the source at ${sizeBytes}.`,
      { entry, sizeBytes },
    )
  }
  return range
}

const upperFirst = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

const invalid = (message: string, details: Record<string, unknown>, cause?: unknown) =>
  new HoldfastError('source.hintsInvalid', message, {
    advice: 'Make the hints again for this source as it is now, or back up without hints to read everything.',
    details,
    ...(cause === undefined ? {} : { cause }),
  })

/** More than this many blocks would make the check cost more than it is worth on the largest sources. */
const largestSample = 10_000

/**
 * Picks blocks that the hints do not mention, to re-read and compare with the base version: when one differs, the hints are
 * wrong. Of n such blocks it takes max(min(n, 10), n / 1000), at most 10 000: half are the first ones (partition table, boot
 * code and superblock live there), half are drawn at random from the rest.
 *
 * `randomBelow` gives a uniform integer in [0, below). The result is ascending.
 */
export function sampleOutsideHints(
  hints: BlockHints,
  { sizeBytes, blockSize }: SourceShape,
  randomBelow: (below: number) => number,
): number[] {
  const blocks = Math.ceil(sizeBytes / blockSize)
  const all = blocks === 0 ? [] : [{ start: 0, end: blocks }]
  const untouched = subtract(all, union(hints.read, hints.holes))
  const n = count(untouched)
  const wanted = Math.min(largestSample, Math.max(Math.min(n, 10), Math.floor(n / 1000)))
  const first = Math.ceil(wanted / 2)

  const ranks = new Set<number>()
  for (let rank = 0; rank < first; rank++) ranks.add(rank)
  // Floyd's algorithm: distinct numbers of [first, n), each set of them equally likely, with one draw for each.
  for (let top = n - (wanted - first); top < n; top++) {
    const drawn = first + randomBelow(top - first + 1)
    ranks.add(ranks.has(drawn) ? top : drawn)
  }
  return blocksAtRanks(
    untouched,
    [...ranks].sort((a, b) => a - b),
  )
}

/** The members of a set at ascending positions in it. */
function blocksAtRanks(set: RangeSet, ranks: readonly number[]): number[] {
  const result: number[] = []
  let next = 0
  let before = 0
  for (const { start, end } of set) {
    const size = end - start
    for (; next < ranks.length && ranks[next]! < before + size; next++) result.push(start + ranks[next]! - before)
    before += size
  }
  return result
}
