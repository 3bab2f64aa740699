import type { FileEntry } from '../../contract/files.ts'

export interface ListingWish {
  /** Only entries whose name holds this, whatever its case. */
  search: string
  order: 'name' | 'size' | 'modified'
  descending: boolean
}

/** So many entries are kept, of all folders together. */
const mostEntries = 200_000
const mostFolders = 32

interface Kept {
  entries: readonly FileEntry[]
  /** As they were last asked for. */
  shown?: { wish: string; entries: readonly FileEntry[] }
}

/**
 * Folders that were read, for the pages that are asked for next: what is read never changes. The one that was asked for least recently goes
 * first; a folder that is larger than all the room is read for each of its pages.
 */
export class Listings {
  readonly #most: number
  readonly #kept = new Map<string, Kept>()
  readonly #reading = new Map<string, Promise<Kept>>()

  constructor(most: number = mostEntries) {
    this.#most = most
  }

  /** Entries of a folder as they are wished for. Two who ask at the same time wait for one reading; its failure is passed on. */
  async get(
    attachment: string,
    place: string,
    wish: ListingWish,
    read: () => Promise<readonly FileEntry[]>,
  ): Promise<readonly FileEntry[]> {
    const key = `${attachment} ${place}`
    const kept = this.#kept.get(key) ?? (await this.#read(key, read))
    if (this.#kept.delete(key)) this.#kept.set(key, kept)
    const text = JSON.stringify(wish)
    if (kept.shown?.wish !== text) kept.shown = { wish: text, entries: arrange(kept.entries, wish) }
    return kept.shown.entries
  }

  /** Forgets what it has of an attachment. */
  forget(attachment: string): void {
    for (const key of [...this.#kept.keys()]) if (key.startsWith(`${attachment} `)) this.#kept.delete(key)
  }

  get entries(): number {
    return [...this.#kept.values()].reduce((sum, { entries }) => sum + entries.length, 0)
  }

  async #read(key: string, read: () => Promise<readonly FileEntry[]>): Promise<Kept> {
    const under = this.#reading.get(key)
    if (under) return await under
    const reading = read().then(entries => ({ entries }))
    this.#reading.set(key, reading)
    try {
      const kept = await reading
      if (kept.entries.length <= this.#most) {
        this.#kept.set(key, kept)
        this.#makeRoom()
      }
      return kept
    } finally {
      this.#reading.delete(key)
    }
  }

  #makeRoom(): void {
    let entries = this.entries
    for (const [key, kept] of this.#kept) {
      if (entries <= this.#most && this.#kept.size <= mostFolders) return
      this.#kept.delete(key)
      entries -= kept.entries.length
    }
  }
}

/** Entries that fit a search, in order: folders come first in any. Pure. */
export function arrange(entries: readonly FileEntry[], { search, order, descending }: ListingWish): FileEntry[] {
  const wanted = search.toLowerCase()
  // Whole words of memory are compared; a collator would take seconds for a large folder, in which nobody else is answered.
  const rows = entries.flatMap(entry => {
    const name = entry.name.toLowerCase()
    return name.includes(wanted) ? [{ entry, name, isFolder: entry.kind === 'folder' }] : []
  })
  const text = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
  const sign = descending ? -1 : 1
  rows.sort((a, b) => {
    if (a.isFolder !== b.isFolder) return a.isFolder ? -1 : 1
    const byOrder =
      order === 'size'
        ? a.entry.sizeBytes - b.entry.sizeBytes
        : order === 'modified'
          ? text(a.entry.modified, b.entry.modified)
          : 0
    return sign * byOrder || (order === 'name' ? sign : 1) * (text(a.name, b.name) || text(a.entry.name, b.entry.name))
  })
  return rows.map(({ entry }) => entry)
}
