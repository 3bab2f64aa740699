import { stripVTControlCharacters } from 'node:util'

/** Laying text out in columns of a terminal. All functions here are pure. */

/**
 * Control characters and line breaks made visible as spaces or "?", so that a name from a foreign disk or repository can
 * neither move the cursor nor pose as a line of ours.
 */
export const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  text.replace(/[\t\r\n]+/g, ' ').replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '?')

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u
const invisible = /^(?:\p{Mark}|[\u200b-\u200d])$/u

const characterWidth = (character: string): number => (invisible.test(character) ? 0 : wide.test(character) ? 2 : 1)

/** Columns that a text takes: wide characters count double, combining ones and colours nothing. */
export function displayWidth(text: string): number {
  let width = 0
  for (const character of stripVTControlCharacters(text)) width += characterWidth(character)
  return width
}

/** The text cut to at most `width` columns, with "…" at its end when something is missing. */
export function truncate(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  let used = 0
  let kept = ''
  for (const character of text) {
    used += characterWidth(character)
    if (used > width - 1) break
    kept += character
  }
  return `${kept}…`
}

/** Lines of at most `width` columns, broken between words; a word that is longer stands alone and sticks out. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && displayWidth(line) + 1 + displayWidth(word) > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  lines.push(line)
  return lines
}

const padEnd = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - displayWidth(text)))
const padStart = (text: string, width: number): string => ' '.repeat(Math.max(0, width - displayWidth(text))) + text

export interface Column {
  title: string
  /** Numbers stand at the right end of their column. */
  align?: 'left' | 'right'
  /** What happens when the table is too wide: `cut` shortens the cells, `wrap` breaks them into lines. Default: nothing. */
  shrink?: 'cut' | 'wrap'
}

const gap = '  '
/** No column is made narrower than this. */
const narrowest = 8

/**
 * An aligned table with a head; columns in which every cell is empty are left out. It is made to fit `width` (unlimited
 * when undefined, as for a pipe) by shrinking the columns that may be, the widest first. Ends with a line break.
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number | undefined,
): string {
  const used = columns.flatMap((column, index) =>
    rows.some(row => (row[index] ?? '') !== '') ? [{ ...column, index }] : [],
  )
  const cells = rows.map(row => used.map(({ index }) => printable(row[index] ?? '')))
  const widths = used.map(({ title }, at) =>
    Math.max(displayWidth(title), ...cells.map(row => displayWidth(row[at] ?? ''))),
  )
  shrinkToFit(used, widths, width)

  const lineOf = (texts: readonly string[]): string =>
    used
      .map(({ align }, at) => (align === 'right' ? padStart : padEnd)(texts[at] ?? '', widths[at]!))
      .join(gap)
      .trimEnd()
  const lines = [lineOf(used.map(({ title }) => title))]
  for (const row of cells) {
    const parts = used.map(({ shrink }, at) =>
      shrink === 'wrap' ? wrap(row[at]!, widths[at]!) : [shrink === 'cut' ? truncate(row[at]!, widths[at]!) : row[at]!],
    )
    const height = Math.max(...parts.map(part => part.length))
    for (let line = 0; line < height; line++) lines.push(lineOf(parts.map(part => part[line] ?? '')))
  }
  return `${lines.join('\n')}\n`
}

function shrinkToFit(columns: readonly Column[], widths: number[], width: number | undefined): void {
  if (width === undefined) return
  const total = () => widths.reduce((sum, one) => sum + one, 0) + gap.length * (widths.length - 1)
  while (total() > width) {
    let widest: number | undefined
    for (const [at, { shrink }] of columns.entries()) {
      if (shrink && widths[at]! > narrowest && (widest === undefined || widths[at]! > widths[widest]!)) widest = at
    }
    if (widest === undefined) return
    widths[widest]!--
  }
}

/** Names and values, one pair in a line, the values aligned; pairs without a value are left out. */
export function facts(pairs: readonly (readonly [name: string, value: string | undefined])[], indent = '  '): string {
  const known = pairs.filter((pair): pair is [string, string] => pair[1] !== undefined)
  const width = Math.max(0, ...known.map(([name]) => displayWidth(name)))
  return known.map(([name, value]) => `${indent}${padEnd(name, width)}  ${printable(value)}\n`).join('')
}
