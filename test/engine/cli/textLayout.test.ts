import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { displayWidth, facts, printable, table, truncate, wrap } from '../../../engine/cli/textLayout.ts'

describe('displayWidth', () => {
  test.each([
    ['abc', 3],
    ['磁盘', 4],
    ['e\u0301', 1],
    ['😀', 2],
    ['\x1b[31mred\x1b[0m', 3],
  ])('%j takes %i columns', (text, width) => {
    expect(displayWidth(text)).toBe(width)
  })
})

describe('truncate', () => {
  test('never takes more columns than it may, and keeps what fits', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 }).map(printable)
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 20 }), (text, width) => {
        const cut = truncate(text, width)
        expect(displayWidth(cut)).toBeLessThanOrEqual(width)
        if (displayWidth(text) <= width) expect(cut).toBe(text)
        else expect(cut.endsWith('…')).toBe(true)
      }),
    )
  })
})

describe('wrap', () => {
  test('breaks between words only, and loses none', () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(words, fc.integer({ min: 4, max: 30 }), (words, width) => {
        const lines = wrap(words.join(' '), width)
        expect(lines.join(' ')).toBe(words.join(' '))
        for (const line of lines) if (line.includes(' ')) expect(line.length).toBeLessThanOrEqual(width)
      }),
    )
  })
})

describe('printable', () => {
  test('makes control characters and marks that turn the reading direction harmless', () => {
    expect(printable('a\x1b]0;title\x07b\nc\u202ed')).toBe('a?]0;title?b c?d')
  })
})

describe('table', () => {
  const columns = [
    { title: 'ID' },
    { title: 'NAME', shrink: 'cut' },
    { title: 'SIZE', align: 'right' },
    { title: 'WHY', shrink: 'wrap' },
  ] as const
  const rows = [
    ['a1', 'a-rather-long-name-of-a-volume', '1 GiB', 'kept because it is the newest of all of them'],
    ['b2', 'short', '10 MiB', ''],
  ]

  test('aligns columns, numbers to the right', () => {
    expect(table(columns.slice(0, 3), rows, undefined)).toBe(
      'ID  NAME                              SIZE\na1  a-rather-long-name-of-a-volume   1 GiB\nb2  short                           10 MiB\n',
    )
  })

  test('fits the width by cutting and wrapping the columns that may be', () => {
    const text = table(columns, rows, 50)
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(50)
    expect(text).toContain('a-rather-long')
    expect(text).toContain('…')
    expect(text.replace(/\s+/g, ' ')).toContain('kept because it is')
    expect(text).toContain('1 GiB')
  })

  test('keeps everything when the width does not matter', () => {
    expect(table(columns, rows, undefined)).toContain('kept because it is the newest of all of them')
  })

  test('does not shrink columns to nothing, even when the terminal is too narrow', () => {
    expect(table(columns, rows, 10)).toContain('a-rathe…')
  })

  test('leaves out columns in which nothing stands', () => {
    expect(table(columns, [['a1', 'x', '', '']], undefined)).toBe('ID  NAME\na1  x\n')
  })

  test('makes one line of a cell with line breaks', () => {
    expect(table([{ title: 'NAME' }], [['two\nlines']], undefined)).toBe('NAME\ntwo lines\n')
  })
})

describe('facts', () => {
  test('aligns values and leaves out what is not known', () => {
    const pairs = [
      ['Size', '1 GiB'],
      ['Labels', undefined],
      ['Block size', '64 KiB'],
    ] as const
    expect(facts(pairs)).toBe('  Size        1 GiB\n  Block size  64 KiB\n')
  })
})
