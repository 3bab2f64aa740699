import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ThinDeltaReader, type ThinPair } from '../../../engine/lvm/thinDelta.ts'
import { ThinDumpReader } from '../../../engine/lvm/thinDump.ts'
import {
  contains,
  count,
  intersect,
  normalize,
  type RangeSet,
  subtract,
  union,
} from '../../../engine/sources/ranges.ts'
import { recorded } from './recorded.ts'

const chunk = 65_536
const mib = 1024 * 1024
const pair = (more: Partial<ThinPair> = {}): ThinPair => ({
  olderId: 2,
  newerId: 3,
  olderSize: 256 * mib,
  newerSize: 256 * mib,
  ...more,
})

function deltaOf(text: string, of = pair(), pieceLength = text.length, limit?: number) {
  const reader = new ThinDeltaReader(of, limit)
  for (let at = 0; at < text.length; at += pieceLength) reader.push(text.slice(at, at + pieceLength))
  return reader.finish()
}

function dumpOf(text: string, sizeBytes = 256 * mib, pieceLength = text.length, limit?: number) {
  const reader = new ThinDumpReader(3, sizeBytes, limit)
  for (let at = 0; at < text.length; at += pieceLength) reader.push(text.slice(at, at + pieceLength))
  return reader.finish()
}

const kinds = ['same', 'different', 'left_only', 'right_only', 'none'] as const
type Kind = (typeof kinds)[number]

/** What thin_delta would print of chunks of these kinds. */
const deltaText = (chunks: readonly Kind[], tail = '</diff></superblock>') =>
  `<superblock uuid="" time="2" transaction="3" data_block_size="128" nr_data_blocks="0"><diff left="2" right="3">${chunks
    .map((kind, index) => (kind === 'none' ? '' : `<${kind} begin="${index}" length="1"/>\n`))
    .join('')}${tail}`

const of = (chunks: readonly Kind[], ...wanted: Kind[]): RangeSet =>
  normalize(
    chunks.flatMap((kind, index) =>
      wanted.includes(kind) ? [{ start: index * chunk, end: (index + 1) * chunk }] : [],
    ),
  )

describe('what thin_delta prints', () => {
  test('as recorded: 4 KiB, 64 KiB and 1 MiB were written, 1 MiB was discarded', () => {
    expect(deltaOf(recorded('thin_delta'))).toEqual({
      written: [
        { start: mib, end: mib + chunk },
        { start: 5 * mib, end: 5 * mib + chunk },
        { start: 200 * mib, end: 201 * mib },
      ],
      discarded: [{ start: 101 * mib, end: 102 * mib }],
    })
  })

  test('chunks are as large as the first line says', () => {
    const text = recorded('thin_delta').replace('data_block_size="128"', 'data_block_size="512"')
    expect(deltaOf(text, pair({ newerSize: 2 ** 40, olderSize: 2 ** 40 })).written[0]).toEqual({
      start: 4 * mib,
      end: 4 * mib + 262_144,
    })
  })

  test('the last chunk ends where the volume ends', () => {
    const size = 2 * chunk - 4096
    const { written } = deltaOf(
      deltaText(['none', 'different', 'right_only']),
      pair({ olderSize: size, newerSize: size }),
    )
    expect(written).toEqual([{ start: chunk, end: size }])
  })

  test('what is new at the end of a volume that grew is told', () => {
    // The older one ends in the middle of chunk 1, which both share.
    const sizes = { olderSize: chunk + 4096, newerSize: 5 * chunk }
    expect(deltaOf(deltaText(['same', 'same', 'none', 'right_only']), pair(sizes))).toEqual({
      written: [
        { start: chunk + 4096, end: 2 * chunk },
        { start: 3 * chunk, end: 4 * chunk },
      ],
      discarded: [
        { start: 2 * chunk, end: 3 * chunk },
        { start: 4 * chunk, end: 5 * chunk },
      ],
    })
  })

  test('nothing is told behind the end of a volume that shrank', () => {
    const sizes = { olderSize: 5 * chunk, newerSize: 2 * chunk }
    expect(deltaOf(deltaText(['same', 'different', 'left_only', 'different']), pair(sizes))).toEqual({
      written: [{ start: chunk, end: 2 * chunk }],
      discarded: [],
    })
  })

  test('in whatever pieces it comes, each chunk is what it is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...kinds), { maxLength: 60 }),
        fc.integer({ min: 1, max: 200 }),
        (chunks, piece) => {
          const size = { olderSize: chunks.length * chunk, newerSize: chunks.length * chunk }
          const delta = deltaOf(deltaText(chunks), pair(size), piece)
          expect(delta.written).toEqual(of(chunks, 'different', 'right_only'))
          expect(delta.discarded).toEqual(of(chunks, 'left_only'))
        },
      ),
    )
  })

  test('where there is too much to be told apart, more is told as written, never less', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...kinds), { maxLength: 200 }),
        fc.integer({ min: 2, max: 9 }),
        (chunks, limit) => {
          const size = { olderSize: chunks.length * chunk, newerSize: chunks.length * chunk }
          const { written, discarded } = deltaOf(deltaText(chunks), pair(size), 100, limit)
          expect(written.length + discarded.length).toBeLessThan(4 * limit)
          expect(subtract(of(chunks, 'different', 'right_only', 'left_only'), union(written, discarded))).toEqual([])
          expect(subtract(discarded, of(chunks, 'left_only'))).toEqual([])
          expect(intersect(written, discarded)).toEqual([])
        },
      ),
    )
  })

  test.each([
    ['cut off', deltaText(['different'], '')],
    ['cut off in a tag', deltaText(['different'], '<same begin="7"')],
    ['of other volumes', deltaText(['different']).replace('left="2"', 'left="4"')],
    ['not ascending', deltaText(['none', 'same'], '<same begin="0" length="1"/></diff></superblock>')],
    ['with what is not known', deltaText([], '<moved begin="0" length="1"/></diff></superblock>')],
    ['without numbers', deltaText([], '<same begin="x" length="1"/></diff></superblock>')],
    ['with chunks of no size', deltaText([]).replace('"128"', '"0"')],
    ['longer than it should be', `${deltaText([])}<superblock>`],
    ['no XML', 'Unable to find mapping tree'],
    ['nothing', ''],
    ['endless', '<'.repeat(10_000)],
  ])('it is refused when it is %s', (_, text) => {
    expect(() => deltaOf(text)).toThrow(SyntaxError)
  })
})

describe('what thin_dump prints', () => {
  test('as recorded: single chunks and ranges of them', () => {
    const ranges = dumpOf(recorded('thin_dump'))
    expect(ranges).toEqual([
      { start: 0, end: 8 * mib },
      { start: 100 * mib, end: 101 * mib },
      { start: 200 * mib, end: 201 * mib },
    ])
    expect(count(ranges)).toBe(160 * chunk)
  })

  test('an id that the pool does not know is no empty volume', () => {
    const text = '<superblock uuid="" time="3" data_block_size="128" nr_data_blocks="0">\n</superblock>\n'
    expect(() => dumpOf(text)).toThrow(SyntaxError)
  })

  test.each([
    ['of another volume', recorded('thin_dump').replace('dev_id="3"', 'dev_id="4"')],
    ['short of a chunk', recorded('thin_dump').replace('mapped_blocks="160"', 'mapped_blocks="161"')],
    ['cut off', recorded('thin_dump').replace('</superblock>', '')],
    ['with references', recorded('thin_dump').replace('</device>', '<ref name="1"/></device>')],
  ])('it is refused when it is %s', (_, text) => {
    expect(() => dumpOf(text)).toThrow(SyntaxError)
  })

  test('in whatever pieces and however coarse, no chunk is missing', () => {
    const mappings = fc.uniqueArray(fc.nat(500), { maxLength: 200 }).map(list => list.sort((a, b) => a - b))
    fc.assert(
      fc.property(
        mappings,
        fc.integer({ min: 1, max: 90 }),
        fc.integer({ min: 2, max: 300 }),
        (chunks, piece, limit) => {
          const lines = chunks.map(at => `<single_mapping origin_block="${at}" data_block="9" time="0"/>`).join('\n')
          const text = `<superblock data_block_size="128"><device dev_id="3" mapped_blocks="${chunks.length}">${lines}</device></superblock>`
          const ranges = dumpOf(text, 400 * chunk, piece, limit)
          expect(ranges.length).toBeLessThanOrEqual(limit)
          for (const at of chunks) expect(at >= 400 || contains(ranges, at * chunk)).toBe(true)
          expect(ranges.at(-1)?.end ?? 0).toBeLessThanOrEqual(400 * chunk)
          if (limit >= chunks.length) expect(count(ranges)).toBe(chunks.filter(at => at < 400).length * chunk)
        },
      ),
    )
  })
})
