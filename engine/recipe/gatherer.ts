import { formatBytes } from '../base/bytes.ts'
import type { MachineRecipe } from '../contract/recipe.ts'
import { type ArchiveFile, writeArchive } from './archive.ts'

/** Of any text. */
export const mostTextBytes = 1024 * 1024
/** Of all parts together; they are in memory until they are stored. */
const mostBytes = 64 * 1024 * 1024
const mostFiles = 256
/** Of the readable recipe, which is also shown to screens. */
export const mostShownBytes = 256 * 1024

/** The name of the readable recipe. */
export const shownName = 'recipe.json'

/** LUKS headers: the only big parts, and the only ones that are secret. */
export const headerFolder = 'luks/'

/**
 * Takes a recipe's parts as they come, within bounds, and can be closed at any moment: what comes later is left out. Nothing of
 * it fails; what does not fit is a note.
 */
export class Gatherer {
  readonly recipe: MachineRecipe
  readonly #files = new Map<string, Uint8Array>()
  #bytes = 0
  #closed: Buffer | undefined

  constructor(computer: MachineRecipe['computer']) {
    this.recipe = {
      computer,
      disks: [],
      encrypted: [],
      groups: [],
      arrays: [],
      fileSystems: [],
      fstab: null,
      crypttab: null,
      notes: [],
    }
  }

  note(text: string): void {
    if (this.recipe.notes.length < mostFiles) this.recipe.notes.push(text)
  }

  /** Whether it has been taken. `what` is the part in words, for the note. The name is made fit for a file. */
  add(folder: string, name: string, what: string, bytes: Uint8Array | string, most = mostTextBytes): boolean {
    const content = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
    const left = Math.min(most, mostBytes - this.#bytes)
    if (content.length > left || this.#files.size >= mostFiles) {
      this.note(`${what} is left out: it is too much (${formatBytes(content.length)}).`)
      return false
    }
    this.#bytes += content.length
    this.#files.set(this.#freeName(folder, name), content)
    return true
  }

  /** The archive. LUKS headers stand first, each at the place that it had the last time, so that they are stored once. */
  close(): Buffer {
    this.#closed ??= writeArchive([
      ...this.#sorted(name => name.startsWith(headerFolder)),
      ...this.#sorted(name => !name.startsWith(headerFolder)),
      { name: shownName, bytes: Buffer.from(`${JSON.stringify(bounded(this.recipe), null, 1)}\n`) },
    ])
    return this.#closed
  }

  #sorted(which: (name: string) => boolean): ArchiveFile[] {
    const names = [...this.#files.keys()].filter(which).sort()
    return names.map(name => ({ name, bytes: this.#files.get(name)! }))
  }

  #freeName(folder: string, name: string): string {
    const sound = name
      .replaceAll(/[^A-Za-z0-9._+-]/g, '_')
      .replaceAll(/\.{2,}/g, '_')
      .replace(/^[^A-Za-z0-9]/, '_')
      .slice(0, 70)
      .padEnd(1, '_')
    for (let count = 1; ; count++) {
      const free = `${folder}${count === 1 ? '' : `${count}_`}${sound}`
      if (!this.#files.has(free)) return free
    }
  }
}

/** The same with its lists and texts cut until it fits. Pure. */
export function bounded(recipe: MachineRecipe, most = mostShownBytes): MachineRecipe {
  for (const limit of [1024, 256, 64, 16, 4]) {
    const cut = cutTo(recipe, limit) as MachineRecipe
    const isWhole = JSON.stringify(cut) === JSON.stringify(recipe)
    const shown = isWhole
      ? cut
      : { ...cut, notes: [`Only the first ${limit} of each list are shown; the files have all.`, ...cut.notes] }
    if (Buffer.byteLength(JSON.stringify(shown, null, 1)) < most) return shown
  }
  throw new RangeError('recipe: four of each are too much')
}

/** Lists of at most `limit` items, texts of at most 64 × `limit` characters. */
function cutTo(value: unknown, limit: number): unknown {
  if (typeof value === 'string') return value.slice(0, 64 * limit)
  if (Array.isArray(value)) return value.slice(0, limit).map(item => cutTo(item, limit))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, cutTo(item, limit)]))
}
