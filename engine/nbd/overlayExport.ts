import type { DurableFile } from '../base/durableFile.ts'
import { HoldfastError } from '../contract/errors.ts'
import type { Export, ExportExtent, WritableExport } from './export.ts'
import { OverlayData } from './overlayData.ts'
import { type JournalOptions, OverlayJournal, type ReplaceJournal } from './overlayJournal.ts'
import { type OverlayPages, type PageRun, pageBytes } from './overlayPages.ts'
import { PageLocks } from './pageLocks.ts'

/** Changes of pages that are kept in memory for the next flush; with more, one is made without being asked for. */
const mostPending = 65_536

export interface OverlayParts {
  id: string
  /** Encrypts the pages. */
  key: Buffer
  data: DurableFile
  journal: DurableFile
  /** Makes a shorter journal take its place; without, it only grows. */
  replaceJournal?: ReplaceJournal
  /** A journal that is shorter is never replaced; 1 MiB unless given. */
  compactBytes?: number
  /** Called when all is closed. */
  release?: () => Promise<void>
}

/**
 * A version that can be written to: what is written goes to an overlay beside it, and the version stays as it is.
 *
 * Why what was flushed is there after a kill and after a power cut: a page is in the overlay when the journal says so. A flush
 * syncs the data first and then the journal, so the journal never names a page whose bytes might not be there. A page
 * that the journal names already is written over in place; until the next flush it may be old, new, or torn between
 * sectors, as on any disk. Room is given back only after the journal says that the page is zeros. When a sync fails, nobody knows what
 * the medium holds (the kernel tells once, and forgets); from then on nothing is acknowledged any more.
 */
export class OverlayExport implements WritableExport {
  readonly name: string
  readonly description: string
  readonly sizeBytes: number
  readonly isReadOnly = false
  readonly preferredBlockBytes: number
  readonly id: string
  readonly pages: OverlayPages
  readonly #base: Export
  readonly #data: OverlayData
  readonly #journal: OverlayJournal
  readonly #dataFile: DurableFile
  readonly #release: () => Promise<void>
  readonly #locks = new PageLocks()
  /** Whose state has changed since the last flush began. */
  #pending: { from: number; to: number }[] = []
  #lastFlush: Promise<void> = Promise.resolve()
  #nextFlush: Promise<void> | undefined
  #failure: HoldfastError | undefined

  private constructor(base: Export, parts: OverlayParts, journal: OverlayJournal, pages: OverlayPages) {
    this.#base = base
    this.id = parts.id
    this.name = base.name
    this.description = `${base.description}, writable copy ${parts.id}`
    this.sizeBytes = base.sizeBytes
    this.preferredBlockBytes = pageBytes
    this.pages = pages
    this.#data = new OverlayData(parts.data, parts.key)
    this.#journal = journal
    this.#dataFile = parts.data
    this.#release = parts.release ?? (async () => undefined)
  }

  /** Opens an overlay over its version. Both are closed with it. Fails with integrity.objectDamaged. */
  static async open(base: Export, parts: OverlayParts): Promise<OverlayExport> {
    const options: JournalOptions = { replace: parts.replaceJournal, compactBytes: parts.compactBytes }
    const { journal, pages } = await OverlayJournal.open(parts.id, parts.journal, options)
    return new OverlayExport(base, parts, journal, pages)
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    const runs = [...this.pages.runs(Math.floor(offset / pageBytes), Math.ceil((offset + length) / pageBytes))]
    if (runs.length === 1 && runs[0]!.state === 'base') return await this.#base.read(offset, length, signal)
    const out = Buffer.allocUnsafe(length)
    const reading = runs.map(async run => {
      const from = Math.max(offset, run.from * pageBytes)
      const to = Math.min(offset + length, run.to * pageBytes)
      const into = out.subarray(from - offset, to - offset)
      if (run.state === 'zero') into.fill(0)
      else if (run.state === 'base') into.set(await this.#base.read(from, to - from, signal))
      else {
        const pages = Buffer.allocUnsafe((run.to - run.from) * pageBytes)
        await this.#data.read(pages, run.from).catch(error => Promise.reject(translate(this.id, error)))
        pages.copy(into, 0, from - run.from * pageBytes)
      }
    })
    for (const result of await Promise.allSettled(reading)) if (result.status === 'rejected') throw result.reason
    return out
  }

  async extents(offset: number, length: number, signal?: AbortSignal): Promise<ExportExtent[]> {
    const found: ExportExtent[] = []
    const add = (kind: ExportExtent['kind'], bytes: number) => {
      const last = found.at(-1)
      if (last?.kind === kind) last.length += bytes
      else found.push({ kind, length: bytes })
    }
    for (const run of this.pages.runs(Math.floor(offset / pageBytes), Math.ceil((offset + length) / pageBytes))) {
      const from = Math.max(offset, run.from * pageBytes)
      const bytes = Math.min(offset + length, run.to * pageBytes) - from
      if (run.state !== 'base') {
        add(run.state === 'zero' ? 'hole' : 'data', bytes)
        continue
      }
      let told = 0
      for (const extent of await this.#base.extents(from, bytes, signal)) {
        add(extent.kind, extent.length)
        told += extent.length
      }
      if (told < bytes) break
    }
    return found
  }

  cache(offset: number, length: number, signal?: AbortSignal): Promise<void> {
    return this.#base.cache(offset, length, signal)
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return
    const from = Math.floor(offset / pageBytes)
    const to = Math.ceil((offset + bytes.length) / pageBytes)
    await this.#change(from, to, async () => {
      await this.#data.write(await this.#wholePages(from, to, offset, bytes), from)
      this.#mark(from, to, 'data')
    })
  }

  async zero(offset: number, length: number, keepRoom: boolean): Promise<void> {
    if (length === 0) return
    const end = offset + length
    // The last page may reach beyond the end of the device: nothing of it is left then.
    const lastByte = end === this.sizeBytes ? Math.ceil(end / pageBytes) * pageBytes : end
    const from = Math.ceil(offset / pageBytes)
    const to = Math.floor(lastByte / pageBytes)
    const zeros = (at: number, until: number) =>
      at < until ? this.write(at, Buffer.alloc(until - at)) : Promise.resolve()
    if (from >= to) return await zeros(offset, end)
    await zeros(offset, from * pageBytes)
    await this.#change(from, to, async () => {
      // What has room is data, even if that is zeros: room of zero pages is given back.
      if (keepRoom) await this.#data.reserve(from, to)
      this.#mark(from, to, keepRoom ? 'data' : 'zero')
    })
    await zeros(to * pageBytes, end)
  }

  trim(offset: number, length: number): Promise<void> {
    return this.zero(offset, length, false)
  }

  /** Those that are asked for while one is under way share the next. */
  flush(): Promise<void> {
    this.#nextFlush ??= this.#lastFlush.then(() => {
      this.#nextFlush = undefined
      const flush = this.#flushNow()
      this.#lastFlush = flush.catch(() => undefined)
      return flush
    })
    return this.#nextFlush
  }

  async close(): Promise<void> {
    try {
      await this.flush()
    } finally {
      await this.closeFiles()
      await this.#release()
      await this.closeBase()
    }
  }

  /** Closes the overlay's own files and leaves the rest as it is. */
  async closeFiles(): Promise<void> {
    for (const file of [this.#dataFile, this.#journal]) await file.close().catch(() => undefined)
  }

  closeBase(): Promise<void> {
    return this.#base.close()
  }

  /** Changes pages [from, to), alone. */
  async #change(from: number, to: number, work: () => Promise<void>): Promise<void> {
    await this.#locks.with(from, to, async () => {
      if (this.#failure) throw this.#failure
      await work().catch(error => Promise.reject(translate(this.id, error)))
    })
    if (this.#pending.length >= mostPending) void this.flush().catch(() => undefined)
  }

  #mark(from: number, to: number, state: PageRun['state']): void {
    if (!this.pages.set(from, to, state)) return
    const last = this.#pending.at(-1)
    if (last && from <= last.to && to >= last.from) {
      last.from = Math.min(last.from, from)
      last.to = Math.max(last.to, to)
    } else this.#pending.push({ from, to })
  }

  /** Pages [from, to) as they are with `bytes` at `offset`. */
  async #wholePages(from: number, to: number, offset: number, bytes: Uint8Array): Promise<Buffer> {
    const begin = from * pageBytes
    const end = to * pageBytes
    const written = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    if (offset === begin && offset + bytes.length === end) return written
    const pages = Buffer.alloc(end - begin)
    const keep = async (at: number, until: number) => {
      const there = Math.min(until, this.sizeBytes)
      if (at < there) pages.set(await this.read(at, there - at), at - begin)
    }
    // Only the pages at both ends can have something to keep.
    await keep(begin, offset)
    await keep(offset + bytes.length, end)
    written.copy(pages, offset - begin)
    return pages
  }

  async #flushNow(): Promise<void> {
    if (this.#failure) throw this.#failure
    // As it is before the data is synced: what is written meanwhile is of the next flush.
    const runs = joined(this.#pending.splice(0)).flatMap(({ from, to }) => [...this.pages.runs(from, to)])
    try {
      await this.#data.sync()
      if (runs.length > 0) await this.#journal.append(runs)
    } catch (error) {
      this.#failure = translate(this.id, error)
      throw this.#failure
    }
    for (const run of runs) if (run.state === 'zero') await this.#giveBack(run)
  }

  /** Gives back the room of pages that are zeros still. That this fails costs nothing but the room. */
  async #giveBack({ from, to }: PageRun): Promise<void> {
    await this.#locks.with(from, to, async () => {
      for (const run of this.pages.runs(from, to)) {
        if (run.state === 'zero') await this.#data.release(run.from, run.to).catch(() => undefined)
      }
    })
  }
}

/** The same pages, ascending, each once. */
function joined(ranges: { from: number; to: number }[]): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = []
  for (const range of ranges.sort((a, b) => a.from - b.from)) {
    const last = found.at(-1)
    if (last && range.from <= last.to) last.to = Math.max(last.to, range.to)
    else found.push({ ...range })
  }
  return found
}

/** Errors of the file system; those of the version below pass. */
function translate(id: string, error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error
  const { code, message } = error as NodeJS.ErrnoException
  const isFull = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG'
  return new HoldfastError(
    isFull ? 'storage.full' : 'storage.failed',
    isFull ? `There is no room for what is written to overlay ${id}.` : `Overlay ${id} cannot be kept: ${message}.`,
    {
      advice: isFull
        ? 'Make room in the state folder, or discard overlays that are no longer needed.'
        : 'Check the disk of the state folder.',
      details: { overlay: id, ...(code === undefined ? {} : { errno: code }) },
      cause: error,
    },
  )
}
