import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseHints, readHintsFile, sampleOutsideHints } from '../../../engine/sources/hints.ts'
import { contains, count } from '../../../engine/sources/ranges.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
/** Ten blocks of 100 bytes and a last one of 50. */
const shape = { sizeBytes: 1050, blockSize: 100 }
const parse = (entries: unknown) => parseHints(JSON.stringify(entries), shape)
const written = (offset: number, length: number) => ({ offset, length, exists: 'true' })
const discarded = (offset: number, length: number) => ({ offset, length, exists: 'false' })

describe('hints', () => {
  it('says that nothing changed when the list is empty', () => {
    expect(parse([])).toEqual({ read: [], holes: [] })
  })

  it('reads every block that a written range touches', () => {
    expect(parse([written(199, 2)]).read).toEqual([{ start: 1, end: 3 }])
    expect(parse([written(200, 100)]).read).toEqual([{ start: 2, end: 3 }])
  })

  it('makes a hole only of blocks that discarded ranges cover wholly, and reads those covered in part', () => {
    expect(parse([discarded(150, 300)])).toEqual({
      read: [
        { start: 1, end: 2 },
        { start: 4, end: 5 },
      ],
      holes: [{ start: 2, end: 4 }],
    })
    expect(parse([discarded(110, 80)])).toEqual({ read: [{ start: 1, end: 2 }], holes: [] })
  })

  it('puts touching and overlapping discarded ranges together before it decides', () => {
    expect(parse([discarded(160, 140), discarded(100, 60)])).toEqual({ read: [], holes: [{ start: 1, end: 3 }] })
  })

  it('counts the short last block as covered when it is covered up to the end of the source', () => {
    expect(parse([discarded(1000, 50)])).toEqual({ read: [], holes: [{ start: 10, end: 11 }] })
    expect(parse([discarded(1000, 49)])).toEqual({ read: [{ start: 10, end: 11 }], holes: [] })
  })

  it('reads a block that is written and discarded', () => {
    expect(parse([discarded(100, 300), written(250, 1)])).toEqual({
      read: [{ start: 2, end: 3 }],
      holes: [
        { start: 1, end: 2 },
        { start: 3, end: 4 },
      ],
    })
  })

  it('takes exists as a text and as a truth value', () => {
    expect(parse([{ offset: 0, length: 100, exists: true }])).toEqual(parse([written(0, 100)]))
    expect(parse([{ offset: 0, length: 100, exists: false }])).toEqual(parse([discarded(0, 100)]))
  })

  it('loses no byte: for any entries each block has the fate that its bytes give it', () => {
    const entry = fc.record({ offset: fc.nat(1050), length: fc.nat(400), exists: fc.boolean() })
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), fc.integer({ min: 1, max: 300 }), (entries, blockSize) => {
        const inside = entries.map(({ offset, length, exists }) => ({
          offset,
          length: Math.min(length, 1050 - offset),
          exists,
        }))
        const hints = parseHints(JSON.stringify(inside), { sizeBytes: 1050, blockSize })
        const covers = (exists: boolean, byte: number) =>
          inside.some(e => e.exists === exists && e.offset <= byte && byte < e.offset + e.length)
        for (let block = 0; block < Math.ceil(1050 / blockSize); block++) {
          const bytes = Array.from(
            { length: Math.min(blockSize, 1050 - block * blockSize) },
            (_, i) => block * blockSize + i,
          )
          const isWritten = bytes.some(byte => covers(true, byte))
          const isHole = !isWritten && bytes.every(byte => covers(false, byte))
          const isRead = !isHole && (isWritten || bytes.some(byte => covers(false, byte)))
          expect(contains(hints.holes, block)).toBe(isHole)
          expect(contains(hints.read, block)).toBe(isRead)
        }
      }),
    )
  })

  it.each([
    ['not a list', '{"offset": 0}', /not a JSON list/],
    ['not JSON', '[{', /not JSON/],
    ['empty', '', /not JSON/],
  ])('refuses a file that is %s', (_, text, message) => {
    expect(() => parseHints(text, shape)).toThrow(
      expect.objectContaining({ code: 'source.hintsInvalid', message: expect.stringMatching(message) }),
    )
  })

  it.each([
    ['a negative offset', { offset: -1, length: 1, exists: true }, 'offset: -1'],
    ['a broken offset', { offset: 0.5, length: 1, exists: true }, 'offset: 0.5'],
    ['an offset that is not exact', { offset: 2 ** 53, length: 1, exists: true }, 'offset: 9007199254740992'],
    ['an offset as text', { offset: '0', length: 1, exists: true }, 'offset: "0"'],
    ['no length', { offset: 0, exists: true }, 'length: it is missing'],
    ['no exists', { offset: 0, length: 1 }, 'exists: it is missing'],
    ['another exists', { offset: 0, length: 1, exists: 'yes' }, 'exists: "yes"'],
    ['a list', [0, 1, true], 'not an object'],
    ['null', null, 'not an object'],
    [
      'a range beyond the end',
      { offset: 1000, length: 51, exists: false },
      'bytes from 1000 to 1051, beyond the end of the source at 1050',
    ],
  ])('names the entry that is %s', (_, entry, message) => {
    expect(() => parse([written(0, 1), written(5, 1), entry])).toThrow(
      expect.objectContaining({
        code: 'source.hintsInvalid',
        message: expect.stringMatching(new RegExp(`^Entry 3 of the hints .*${message.replaceAll('.', '\\.')}`)),
      }),
    )
  })

  it('takes a range that ends where the source ends', () => {
    expect(parse([written(1049, 1)]).read).toEqual([{ start: 10, end: 11 }])
  })

  it('reads a million entries', async () => {
    const path = join(folder.path, 'hints.json')
    const entries = Array.from({ length: 1_000_000 }, (_, i) => written(i * 8192, 4096))
    await writeFile(path, JSON.stringify(entries))
    const hints = await readHintsFile(path, { sizeBytes: 1e6 * 8192, blockSize: 4096 })
    expect(count(hints.read)).toBe(1_000_000)
  })

  it('names the file that is missing or wrong', async () => {
    const path = join(folder.path, 'hints.json')
    await expect(readHintsFile(path, shape)).rejects.toMatchObject({ code: 'source.notFound', details: { path } })
    await writeFile(path, '[1]')
    await expect(readHintsFile(path, shape)).rejects.toMatchObject({
      code: 'source.hintsInvalid',
      message: expect.stringContaining(`Entry 1 of the hints file ${path}`),
    })
    await expect(readHintsFile(folder.path, shape)).rejects.toMatchObject({ code: 'source.hintsInvalid' })
  })
})

describe('the sample of blocks outside hints', () => {
  const sample = (read: { start: number; end: number }[], blocks: number, draw = (below: number) => below - 1) =>
    sampleOutsideHints({ read, holes: [] }, { sizeBytes: blocks * 10 - 5, blockSize: 10 }, draw)

  it('takes all blocks when there are at most ten', () => {
    expect(sample([{ start: 3, end: 5 }], 8)).toEqual([0, 1, 2, 5, 6, 7])
    expect(sample([{ start: 0, end: 8 }], 8)).toEqual([])
    expect(sampleOutsideHints({ read: [], holes: [] }, { sizeBytes: 0, blockSize: 10 }, () => 0)).toEqual([])
  })

  it('takes the first five and five drawn from the others when there are more', () => {
    expect(sample([{ start: 2, end: 90 }], 1000, () => 0).slice(0, 5)).toEqual([0, 1, 90, 91, 92])
    const drawn = sample([], 10_000, below => below - 1)
    expect(drawn).toEqual([0, 1, 2, 3, 4, 9995, 9996, 9997, 9998, 9999])
  })

  it('takes a thousandth of many blocks, and never more than 10 000', () => {
    expect(sample([], 50_000)).toHaveLength(50)
    expect(sample([], 1e9)).toHaveLength(10_000)
  })

  it('takes distinct blocks in order that no hint mentions, whatever is drawn', () => {
    const spans = fc.array(fc.tuple(fc.nat(30_000), fc.nat(5000)), { maxLength: 5 })
    fc.assert(
      fc.property(spans, fc.infiniteStream(fc.nat(2 ** 30)), (hinted, numbers) => {
        const entries = hinted.map(([offset, length], i) => ({ offset, length, exists: i % 2 === 0 }))
        const shape = { sizeBytes: 40_000, blockSize: 2 }
        const hints = parseHints(JSON.stringify(entries), shape)
        const picked = sampleOutsideHints(hints, shape, below => numbers.next().value! % below)
        const n = 20_000 - count(hints.read) - count(hints.holes)
        expect(picked).toHaveLength(Math.max(Math.min(n, 10), Math.floor(n / 1000)))
        picked.forEach((block, i) => {
          expect(contains(hints.read, block) || contains(hints.holes, block)).toBe(false)
          expect(block).toBeLessThan(20_000)
          if (i > 0) expect(block).toBeGreaterThan(picked[i - 1]!)
        })
      }),
      { numRuns: 50 },
    )
  })

  it('can draw every block that is not among the first', () => {
    const seen = new Set<number>()
    let state = 1
    const draw = (below: number) => {
      state = (state * 48_271) % 2_147_483_647
      return state % below
    }
    for (let i = 0; i < 300; i++) for (const block of sample([], 20, draw)) seen.add(block)
    expect(seen.size).toBe(20)
  })
})
