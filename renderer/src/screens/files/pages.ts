import type { FileEntry } from '../../../../engine/contract/files.ts'

/** What is known of a long list that comes in pages. Pure. */

export const pageSize = 200

export interface Pages {
  /** Null until the first page has come. */
  readonly total: number | null
  readonly entries: ReadonlyMap<number, FileEntry>
}

export const noPages: Pages = { total: null, entries: new Map() }

/** With a page; it may be shorter than what was asked for. */
export function withPage(pages: Pages, offset: number, page: readonly FileEntry[], total: number): Pages {
  const entries = new Map(pages.entries)
  page.forEach((entry, i) => {
    entries.set(offset + i, entry)
  })
  return { total, entries }
}

/**
 * Where the next page has to begin so that [first, end) will be known; null when it is. Pages begin at whole multiples of their
 * size where nothing of that stretch is known yet, so that one that is scrolled through from below comes whole, too.
 */
export function missingFrom({ total, entries }: Pages, first: number, end: number): number | null {
  const last = total === null ? end : Math.min(end, total)
  for (let place = first; place < last; place++) {
    if (entries.has(place)) continue
    const begin = place - (place % pageSize)
    for (let from = place; from > begin; from--) if (entries.has(from - 1)) return from
    return begin
  }
  return null
}
