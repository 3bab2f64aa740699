import type { FileEntry } from '../../../../engine/contract/files.ts'

/** What is known of a long list that comes in pages. Pure. */

export const pageSize = 200

export interface Pages {
  /** Null until the first page has come. */
  readonly total: number | null
  /** Entries by their places, in boxes of so many as a page has, so that one more page costs no copy of all. */
  readonly boxes: ReadonlyMap<number, readonly (FileEntry | undefined)[]>
}

export const noPages: Pages = { total: null, boxes: new Map() }

export const entryAt = ({ boxes }: Pages, place: number): FileEntry | undefined =>
  boxes.get(Math.floor(place / pageSize))?.[place % pageSize]

/** With a page; it may be shorter than what was asked for. */
export function withPage({ boxes: old }: Pages, offset: number, page: readonly FileEntry[], total: number): Pages {
  const boxes = new Map(old)
  const filled = new Map<number, (FileEntry | undefined)[]>()
  page.forEach((entry, i) => {
    const place = offset + i
    const number = Math.floor(place / pageSize)
    let box = filled.get(number)
    if (!box) {
      box = [...(boxes.get(number) ?? [])]
      filled.set(number, box)
      boxes.set(number, box)
    }
    box[place % pageSize] = entry
  })
  return { total, boxes }
}

/**
 * Where the next page has to begin so that [first, end) will be known; null when it is. Pages begin at whole multiples of their
 * size where nothing of that stretch is known yet, so that one that is scrolled through from below comes whole, too.
 */
export function missingFrom(pages: Pages, first: number, end: number): number | null {
  const last = pages.total === null ? end : Math.min(end, pages.total)
  for (let place = first; place < last; place++) {
    if (entryAt(pages, place)) continue
    const begin = place - (place % pageSize)
    for (let from = place; from > begin; from--) if (entryAt(pages, from - 1)) return from
    return begin
  }
  return null
}
