import { crc32 } from 'node:zlib'
import type { DurableFile } from '../base/durableFile.ts'
import { HoldfastError } from '../contract/errors.ts'
import { OverlayPages, type PageRun, type PageState } from './overlayPages.ts'

/**
 * The journal of an overlay: which pages are in it. It is appended to, one batch for each flush that changed that:
 *
 * - batch: magic "HFOJ", u32 count of records, u64 sequence number, u32 CRC-32 of the overlay's id, this header without the
 *   CRC, and the records; u32 zero
 * - record: u64 first page, u32 count of pages, u32 state (1 data, 2 zero)
 *
 * All little-endian. Each batch is synced before the next is written, so only the last one can be torn by a crash, and that one
 * was never acknowledged. A broken batch with a whole one behind it is damage.
 *
 * When it has grown far beyond what it says, it is replaced by a shorter one that says the same: one batch, and an empty one behind it, so
 * that damage to the first is not taken for a torn end.
 */
const magic = Buffer.from('HFOJ')
const headerBytes = 24
const recordBytes = 16
const stateNumbers: Record<PageState, number> = { base: 0, data: 1, zero: 2 }
const mostPages = 2 ** 32 - 1

export function encodeBatch(id: string, sequence: number, runs: readonly PageRun[]): Buffer {
  const records = runs.flatMap(piecesOf)
  const batch = Buffer.alloc(headerBytes + records.length * recordBytes)
  magic.copy(batch)
  batch.writeUInt32LE(records.length, 4)
  batch.writeBigUInt64LE(BigInt(sequence), 8)
  records.forEach(({ from, to, state }, i) => {
    const at = headerBytes + i * recordBytes
    batch.writeBigUInt64LE(BigInt(from), at)
    batch.writeUInt32LE(to - from, at + 8)
    batch.writeUInt32LE(stateNumbers[state], at + 12)
  })
  batch.writeUInt32LE(checksum(id, batch), 16)
  return batch
}

/** A count of pages has 32 bits. */
function piecesOf(run: PageRun): PageRun[] {
  const pieces: PageRun[] = []
  for (let from = run.from; from < run.to; from += mostPages) {
    pieces.push({ ...run, from, to: Math.min(run.to, from + mostPages) })
  }
  return pieces
}

function checksum(id: string, batch: Buffer): number {
  return crc32(batch.subarray(headerBytes), crc32(batch.subarray(0, 16), crc32(id)))
}

interface Batch {
  sequence: number
  bytes: number
  runs: PageRun[]
}

/** The batch that begins at `at`; undefined when none does. */
function decodeBatch(id: string, journal: Buffer, at: number): Batch | undefined {
  if (journal.length - at < headerBytes || journal.compare(magic, 0, 4, at, at + 4) !== 0) return undefined
  const count = journal.readUInt32LE(at + 4)
  const bytes = headerBytes + count * recordBytes
  if (journal.length - at < bytes) return undefined
  const batch = journal.subarray(at, at + bytes)
  if (batch.readUInt32LE(16) !== checksum(id, batch) || batch.readUInt32LE(20) !== 0) return undefined
  const runs: PageRun[] = []
  for (let record = headerBytes; record < bytes; record += recordBytes) {
    const from = Number(batch.readBigUInt64LE(record))
    const state = batch.readUInt32LE(record + 12) === stateNumbers.zero ? 'zero' : 'data'
    runs.push({ from, to: from + batch.readUInt32LE(record + 8), state })
  }
  return { sequence: Number(batch.readBigUInt64LE(8)), bytes, runs }
}

export interface Replayed {
  pages: OverlayPages
  /** Of the last batch; 0 when there is none. */
  sequence: number
  /** Up to where it is sound; what follows was torn. */
  bytes: number
}

/** Reads a journal. Fails with integrity.objectDamaged when something before its end is broken. */
export function replayJournal(id: string, journal: Buffer): Replayed {
  const pages = new OverlayPages()
  let sequence = 0
  let at = 0
  for (;;) {
    const batch = decodeBatch(id, journal, at)
    if (!batch || (at > 0 && batch.sequence !== sequence + 1)) break
    for (const { from, to, state } of batch.runs) pages.set(from, to, state)
    sequence = batch.sequence
    at += batch.bytes
  }
  for (let later = at + 8; later + headerBytes <= journal.length; later += 8) {
    const batch = decodeBatch(id, journal, later)
    if (batch && batch.sequence > sequence) throw damaged(id)
  }
  return { pages, sequence, bytes: at }
}

/** Makes a file with this content the journal, durably, and gives it open. Fails with ReplaceFailed. */
export type ReplaceJournal = (content: Buffer) => Promise<DurableFile>

/** A journal could not be replaced. `isOld`: the one that was there still is, for certain. */
export class ReplaceFailed extends Error {
  readonly isOld: boolean

  constructor(isOld: boolean, cause: unknown) {
    super('the journal could not be replaced', { cause })
    this.isOld = isOld
  }
}

export interface JournalOptions {
  /** Without, it only grows. */
  replace?: ReplaceJournal | undefined
  /** One that is shorter is left as it is; usualCompactBytes unless given. */
  compactBytes?: number | undefined
}

const usualCompactBytes = 1024 * 1024
/** So many times as long as it has to be, it is replaced. */
const mostGrowth = 4

/** Appends to the journal of an overlay that is open. */
export class OverlayJournal {
  readonly #id: string
  readonly #options: JournalOptions
  #file: DurableFile
  #sequence: number
  #end: number
  /** When it is as long as this, it may be worth while to replace it. */
  #compactAt = 0

  private constructor(id: string, file: DurableFile, { sequence, bytes, pages }: Replayed, options: JournalOptions) {
    this.#id = id
    this.#file = file
    this.#options = options
    this.#sequence = sequence
    this.#end = bytes
    this.#planCompacting(compacted(id, sequence, pages).length)
  }

  /** Reads what is there, and cuts off what was torn. */
  static async open(
    id: string,
    file: DurableFile,
    options: JournalOptions = {},
  ): Promise<{ journal: OverlayJournal; pages: OverlayPages }> {
    const bytes = await contentOf(file)
    const replayed = replayJournal(id, bytes)
    if (replayed.bytes < bytes.length) await file.truncate(replayed.bytes)
    // A process that was killed may have appended what is not on the medium yet, and whoever reads it now takes it for certain.
    await file.sync()
    return { journal: new OverlayJournal(id, file, replayed, options), pages: replayed.pages }
  }

  /** Durable when it resolves. After a failure the journal must not be used any more. */
  async append(runs: readonly PageRun[]): Promise<void> {
    const batch = encodeBatch(this.#id, this.#sequence + 1, runs)
    await this.#file.write(batch, this.#end)
    await this.#file.sync()
    this.#sequence++
    this.#end += batch.length
    if (this.#options.replace && this.#end >= this.#compactAt) await this.#compact(this.#options.replace)
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  /**
   * What the file says is said again, and not what is in memory: that may be ahead of it, and the journal must name no page whose
   * bytes are not durable. When there is no room for a second one, it goes on with the first.
   */
  async #compact(replace: ReplaceJournal): Promise<void> {
    const { pages } = replayJournal(this.#id, await contentOf(this.#file))
    const content = compacted(this.#id, this.#sequence, pages)
    if (content.length * 2 <= this.#end) {
      try {
        const next = await replace(content)
        await this.#file.close().catch(() => undefined)
        this.#file = next
        this.#sequence++
        this.#end = content.length
      } catch (error) {
        if (!(error instanceof ReplaceFailed)) throw error
        if (!error.isOld) throw error.cause
      }
    }
    this.#planCompacting(Math.max(content.length, this.#end / 2))
  }

  #planCompacting(neededBytes: number): void {
    this.#compactAt = Math.max(this.#options.compactBytes ?? usualCompactBytes, neededBytes * mostGrowth)
  }
}

/** A journal that says this and no more; its last batch has the number after `sequence`. */
function compacted(id: string, sequence: number, pages: OverlayPages): Buffer {
  return Buffer.concat([encodeBatch(id, sequence, [...pages.changed()]), encodeBatch(id, sequence + 1, [])])
}

async function contentOf(file: DurableFile): Promise<Buffer> {
  const bytes = Buffer.alloc(await file.size())
  await file.read(bytes, 0)
  return bytes
}

function damaged(id: string): HoldfastError {
  return new HoldfastError('integrity.objectDamaged', `The journal of overlay ${id} is damaged.`, {
    advice: 'Restore the version that it was made of, or discard the overlay with: holdfast overlays discard',
    details: { overlay: id },
  })
}
