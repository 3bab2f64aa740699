import { isHoldfastError, throwIfAborted } from '../contract/errors.ts'
import type { CacheFolder } from './cache/cacheFolder.ts'
import { windowBytes } from './cache/entry.ts'
import { SharedReads } from './cache/sharedReads.ts'
import { ForwardingStorage } from './forwarding.ts'
import { assertObjectName, assertRange } from './names.ts'
import type { ObjectInfo, PutOptions, Range, Storage } from './storage.ts'

export interface CachingOptions {
  folder: CacheFolder
  /** The place of the storage: what is kept of one is never given out for another. */
  place: string
  /** Whether an object is never replaced by one of another content, except by mending damage. Nothing of others is kept. */
  isImmutable: (name: string) => boolean
}

/** Who asks for more than this at once goes through everything: that is neither kept nor looked for. */
const largestKeptRange = 2 * 1024 * 1024
/** Sizes of objects that are remembered, so that reads can be made longer without going beyond the end. */
const knownSizes = 65_536

/** A window and the part of it that is wanted, in bytes of the object. */
interface Piece {
  index: number
  from: number
  to: number
}

class CachingStorage extends ForwardingStorage {
  readonly uncached: Storage
  readonly #options: CachingOptions
  readonly #reads = new SharedReads()
  readonly #sizes = new Map<string, number>()

  constructor(inner: Storage, options: CachingOptions) {
    super(inner)
    this.#options = options
    this.uncached = new UncachedStorage(inner, this)
  }

  override async put(name: string, parts: readonly Uint8Array[], options?: PutOptions): Promise<void> {
    await this.#changing(name, () => this.inner.put(name, parts, options))
  }

  override async delete(name: string, signal?: AbortSignal): Promise<void> {
    await this.#changing(name, () => this.inner.delete(name, signal))
  }

  override async get(name: string, range?: Range, signal?: AbortSignal, room?: ArrayBuffer): Promise<Uint8Array> {
    assertObjectName(name)
    if (range === undefined) return this.uncached.get(name, range, signal, room)
    assertRange(name, range)
    throwIfAborted(signal)
    if (range.length > largestKeptRange || !this.#options.isImmutable(name))
      return this.inner.get(name, range, signal, room)
    const pieces = piecesOf(range)
    const found = await Promise.all(pieces.map(piece => this.#kept(name, piece)))
    const data = new Uint8Array(room && room.byteLength >= range.length ? room : new ArrayBuffer(range.length))
    const result = data.subarray(0, range.length)
    const put = (bytes: Uint8Array, start: number, from: number, to: number) =>
      result.set(bytes.subarray(from - start, to - start), from - range.offset)
    for (const [at, piece] of pieces.entries()) {
      const bytes = found[at]
      if (bytes) put(bytes, piece.index * windowBytes, piece.from, piece.to)
    }
    const missing = runsOf(pieces.filter((_, at) => !found[at]))
    // All of them, since none may write into the room of a call that has ended.
    const outcomes = await Promise.allSettled(
      missing.map(async ({ from, to }) => {
        const { start, bytes } = await this.#fetch(name, from, to, signal)
        put(bytes, start, from, to)
      }),
    )
    const failure = outcomes.find(outcome => outcome.status === 'rejected')?.reason
    throwIfAborted(signal)
    if (failure === undefined) return result
    if (isHoldfastError(failure, 'storage.objectNotFound')) await this.forget(name)
    if (!isHoldfastError(failure, 'storage.rangeInvalid')) throw failure
    // Perhaps only what was to be read along lies beyond the end.
    this.#sizes.delete(name)
    return this.inner.get(name, range, signal, room)
  }

  override async stat(name: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    const info = await this.inner.stat(name, signal)
    if (info) this.#learn(info)
    else this.#sizes.delete(name)
    return info
  }

  override async *list(folder: string, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    for await (const info of this.inner.list(folder, signal)) {
      this.#learn(info)
      yield info
    }
  }

  override async close(): Promise<void> {
    await this.#options.folder.settle()
    await this.inner.close()
  }

  /** Drops what is kept of an object, and what is being read of it. */
  async forget(name: string): Promise<void> {
    if (!this.#options.isImmutable(name)) return
    this.#reads.discredit(name)
    this.#sizes.delete(name)
    await this.#options.folder.dropObject(this.#options.place, name)
  }

  /** Drops what is kept of an object and differs from what the storage has just given. */
  async mend(name: string, offset: number, bytes: Uint8Array): Promise<void> {
    if (!this.#options.isImmutable(name)) return
    const { folder, place } = this.#options
    for (const index of await folder.windows(place, name)) {
      const start = index * windowBytes
      if (start >= offset + bytes.length || start + windowBytes <= offset) continue
      const kept = await folder.read({ place, name, index })
      if (!kept) continue
      const from = Math.max(start, offset)
      const to = Math.min(start + kept.length, offset + bytes.length)
      const isSame =
        from >= to ||
        Buffer.compare(kept.subarray(from - start, to - start), bytes.subarray(from - offset, to - offset)) === 0
      if (!isSame) await folder.drop({ place, name, index })
    }
  }

  /** Nothing that was read before a change is kept or given out after it. */
  async #changing(name: string, change: () => Promise<void>): Promise<void> {
    assertObjectName(name)
    await this.forget(name)
    try {
      await change()
    } finally {
      // What failed may have been carried out all the same.
      this.#reads.discredit(name)
      await this.#reads.settled(name)
      await this.forget(name)
    }
  }

  async #kept(name: string, { index, to }: Piece): Promise<Buffer | undefined> {
    const bytes = await this.#options.folder.read({ place: this.#options.place, name, index })
    return bytes && bytes.length >= to - index * windowBytes ? bytes : undefined
  }

  /** Reads whole windows around [from, to), together with whoever wants the same. */
  async #fetch(name: string, from: number, to: number, signal: AbortSignal | undefined) {
    const underWay = this.#reads.find(name, from, to)
    const read = underWay ?? this.#reads.begin(name, floor(from), this.#endOf(name, to), this.#readAndKeep(name))
    return { start: read.start, bytes: await read.wait(signal) }
  }

  /** The end of the window that holds the byte before `to`, or of the object; `to` itself when that is not known. */
  #endOf(name: string, to: number): number {
    const size = this.#sizes.get(name)
    return size === undefined || size < to ? to : Math.min(floor(to - 1) + windowBytes, size)
  }

  #readAndKeep(name: string) {
    return async (start: number, end: number, signal: AbortSignal, isCurrent: () => boolean): Promise<Uint8Array> => {
      const bytes = await this.inner.get(name, { offset: start, length: end - start }, signal)
      const { folder, place } = this.#options
      for (let at = start; at < end && isCurrent(); at += windowBytes) {
        const data = bytes.subarray(at - start, Math.min(at + windowBytes, end) - start)
        await folder.write({ place, name, index: at / windowBytes }, data)
      }
      return bytes
    }
  }

  #learn({ name, sizeBytes }: ObjectInfo): void {
    if (!this.#options.isImmutable(name)) return
    this.#sizes.delete(name)
    if (this.#sizes.size >= knownSizes) this.#sizes.delete(this.#sizes.keys().next().value!)
    this.#sizes.set(name, sizeBytes)
  }
}

/** Reads the storage itself, and drops what is kept and turns out to differ. */
class UncachedStorage extends ForwardingStorage {
  readonly #cache: CachingStorage

  constructor(inner: Storage, cache: CachingStorage) {
    super(inner)
    this.#cache = cache
  }

  override put(name: string, parts: readonly Uint8Array[], options?: PutOptions): Promise<void> {
    return this.#cache.put(name, parts, options)
  }

  override delete(name: string, signal?: AbortSignal): Promise<void> {
    return this.#cache.delete(name, signal)
  }

  override async get(name: string, range?: Range, signal?: AbortSignal, room?: ArrayBuffer): Promise<Uint8Array> {
    try {
      const bytes = await this.inner.get(name, range, signal, room)
      await this.#cache.mend(name, range?.offset ?? 0, bytes)
      return bytes
    } catch (error) {
      if (isHoldfastError(error, 'storage.objectNotFound')) await this.#cache.forget(name)
      throw error
    }
  }

  override close(): Promise<void> {
    return this.#cache.close()
  }
}

const floor = (offset: number): number => offset - (offset % windowBytes)

function piecesOf({ offset, length }: Range): Piece[] {
  const end = offset + length
  const pieces: Piece[] = []
  for (let start = floor(offset); start < end; start += windowBytes) {
    pieces.push({
      index: start / windowBytes,
      from: Math.max(start, offset),
      to: Math.min(start + windowBytes, end),
    })
  }
  return pieces
}

/** Pieces that follow each other become one read. */
function runsOf(pieces: readonly Piece[]): { from: number; to: number }[] {
  const runs: { from: number; to: number }[] = []
  for (const { from, to } of pieces) {
    const last = runs.at(-1)
    if (last?.to === from) last.to = to
    else runs.push({ from, to })
  }
  return runs
}

/**
 * Keeps what is read of `storage` on this computer, piece by piece, so that it need not be asked for again. Only objects that never change
 * are kept, and that something is there is always asked. A kept piece may be what the storage gave before damage was mended, or of an object
 * that another computer has removed since; who finds anything wrong with it reads through `uncached`, which drops what is not (or no
 * longer) so. Put it outermost: a decorator around it would hide `uncached`.
 */
export function caching(storage: Storage, options: CachingOptions): Storage {
  return new CachingStorage(storage, options)
}
