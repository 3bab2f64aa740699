import { isHoldfastError, throwIfAborted } from '../contract/errors.ts'
import { lockForReading } from '../pipeline/readLock.ts'
import { mapFanout } from '../repository/format.ts'
import type { Repository } from '../repository/repository.ts'
import type { VersionRecord } from '../repository/versionRecord.ts'
import type { BlockCache } from './blockCache.ts'
import type { Export, ExportExtent } from './export.ts'
import type { Frame, KnownBlock } from './frames.ts'
import { ReadAhead } from './readAhead.ts'
import { ReplyRooms } from './replyRooms.ts'
import { type Leaf, VersionMap } from './versionMap.ts'

/** Of the cache, that much is filled ahead of one reader at most. */
const aheadShare = 1 / 8
const mostAheadBytes = 8 * 1024 * 1024

/** A part of one block that a read wants. */
interface Part {
  /** undefined until it is in memory. */
  leaf: Leaf | undefined
  /** In the leaf. */
  index: number
  /** In the version. */
  block: number
  from: number
  to: number
  /** Where it goes. */
  into: number
}

/** A version of an open repository, to be read. While it is open, a lock keeps what it needs from being pruned. */
export class VersionExport implements Export {
  readonly name: string
  readonly description: string
  readonly sizeBytes: number
  readonly isReadOnly = true
  readonly preferredBlockBytes: number
  readonly #map: VersionMap
  readonly #cache: BlockCache
  readonly #lock: { release(): Promise<void> }
  readonly #readAhead: ReadAhead
  readonly #mostCachedBytes: number
  readonly #replies = new ReplyRooms()
  readonly #underWay = new Set<Promise<void>>()

  private constructor(
    repository: Repository,
    version: VersionRecord,
    cache: BlockCache,
    lock: { release(): Promise<void> },
  ) {
    this.name = version.id
    this.description = `${version.name} of ${version.startedAt}`
    this.sizeBytes = version.sizeBytes
    this.preferredBlockBytes = repository.blockSizeBytes
    this.#map = new VersionMap(repository, version)
    this.#cache = cache
    this.#lock = lock
    const cacheBytes = cache.roomCount * cache.roomBytes
    this.#mostCachedBytes = cacheBytes / 2
    this.#readAhead = new ReadAhead(version.sizeBytes, Math.min(mostAheadBytes, cacheBytes * aheadShare))
  }

  /**
   * Opens a version. The cache may serve others as well, and is not closed with it. Fails with repository.versionNotFound when
   * the version was removed meanwhile.
   */
  static async open(
    repository: Repository,
    version: VersionRecord,
    cache: BlockCache,
    signal?: AbortSignal,
  ): Promise<VersionExport> {
    const lock = await lockForReading(repository, version, 'nbd', signal)
    return new VersionExport(repository, version, cache, lock)
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    const out = this.#replies.take(length)
    const ahead = this.#readAhead.next({ offset, length })
    const missing: Part[] = []
    for (let at = offset; at < offset + length; ) {
      const part = this.#partAt(at, offset, length)
      if (!this.#copy(part, out)) missing.push(part)
      at = part.block * this.preferredBlockBytes + part.to
    }
    if (missing.length > 0) await this.#fill(missing, out, signal)
    if (ahead) this.#later(this.#bring(ahead.offset, ahead.length, 'ahead'))
    return out
  }

  reclaim(bytes: Uint8Array): void {
    this.#replies.give(bytes)
  }

  extents(offset: number, length: number, signal?: AbortSignal): Promise<ExportExtent[]> {
    return this.#map.extents(offset, length, signal)
  }

  async cache(offset: number, length: number, signal?: AbortSignal): Promise<void> {
    await this.#bring(offset, Math.min(length, this.#mostCachedBytes), 'wanted', signal)
  }

  async close(): Promise<void> {
    await Promise.all(this.#underWay)
    await this.#lock.release()
  }

  /** The part of [offset, offset + length) that begins at `at`. */
  #partAt(at: number, offset: number, length: number): Part {
    const size = this.preferredBlockBytes
    const block = Math.floor(at / size)
    const begin = block * size
    return {
      leaf: this.#map.leafOf(block),
      index: block % mapFanout,
      block,
      from: at - begin,
      to: Math.min(size, offset + length - begin),
      into: at - offset,
    }
  }

  /** Copies a part out of memory; false when it is not there. */
  #copy(part: Part, out: Buffer): boolean {
    const { leaf, index, from, to, into } = part
    if (!leaf) return false
    if (!leaf.ids[index]) {
      out.fill(0, into, into + to - from)
      return true
    }
    const place = leaf.places[index]
    const plain = place && this.#cache.take(place)
    if (!plain) return false
    plain.copy(out, into, from, to)
    return true
  }

  async #fill(missing: Part[], out: Buffer, signal?: AbortSignal): Promise<void> {
    for (const part of missing) part.leaf ??= await this.#map.loadLeafOf(part.block, signal)
    throwIfAborted(signal, 'The reading')
    let left = missing
    // What was only guessed may be wrong once; then it is looked up.
    for (let attempt = 0; left.length > 0 && attempt < 2; attempt++) left = await this.#fromFrames(left, out)
    for (const part of left) {
      throwIfAborted(signal, 'The reading')
      const plain = await this.#cache.readAlone(part.leaf!.ids[part.index]!, signal)
      plain.copy(out, part.into, part.from, part.to)
    }
  }

  /** Reads parts by way of the cache. Returns those that could not be had so. */
  async #fromFrames(parts: readonly Part[], out: Buffer): Promise<Part[]> {
    const left: Part[] = []
    const byFrame = new Map<Frame, Part[]>()
    for (const part of parts) {
      if (this.#copy(part, out)) continue
      const place = this.#placeOf(part.leaf!, part.index, part.block)
      if (!place) left.push(part)
      else if (!this.#copy(part, out)) {
        const wanted = byFrame.get(place.frame)
        if (wanted) wanted.push(part)
        else byFrame.set(place.frame, [part])
      }
    }
    const loads = [...byFrame].map(([frame, wanted]) =>
      this.#cache.load(frame, () => {
        for (const part of wanted) if (!this.#copy(part, out)) left.push(part)
      }),
    )
    // All of them end before the buffer is given up or given out.
    for (const result of await Promise.allSettled(loads)) if (result.status === 'rejected') throw result.reason
    return left
  }

  /** Where a block is; undefined when it must be read by itself. */
  #placeOf(leaf: Leaf, index: number, block: number): KnownBlock | undefined {
    const known = leaf.places[index]
    if (known && known.state !== 'bad') {
      const place = this.#cache.renew(known)
      leaf.places[index] = place
      if (place.state !== 'bad') return place
    }
    const bad = leaf.places[index]
    if (bad && !bad.isGuess) return undefined
    if (bad) this.#cache.forget(bad)
    let place: KnownBlock | undefined
    try {
      place = this.#cache.locate(leaf.ids[index]!)
    } catch (error) {
      if (!isHoldfastError(error, 'integrity.blockMissing', 'integrity.objectDamaged')) throw error
    }
    leaf.places[index] = place
    if (!place || place.state === 'bad') return undefined
    this.#guessAround(leaf, index, block, place)
    return place
  }

  /** A lookup costs more than checking an id: neighbours are first looked for where they should be. */
  #guessAround(leaf: Leaf, index: number, block: number, place: KnownBlock): void {
    for (const [side, step] of [
      ['before', -1],
      ['behind', 1],
    ] as const) {
      let last = place
      for (let i = index + step; i >= 0 && i < mapFanout; i += step) {
        const id = leaf.ids[i]
        // Holes are not in frames, so what comes behind one may still be the next in the frame.
        if (!id) continue
        if (leaf.places[i]) break
        const next = this.#cache.guess(last, side, id, this.#map.plainBytesOf(block + i - index))
        if (!next) break
        leaf.places[i] = next
        last = next
      }
    }
  }

  /** Brings the frames of a range into memory. */
  async #bring(offset: number, length: number, urgency: 'wanted' | 'ahead', signal?: AbortSignal): Promise<void> {
    const end = offset + length
    const frames = new Set<Frame>()
    for (let block = Math.floor(offset / this.preferredBlockBytes); block * this.preferredBlockBytes < end; block++) {
      const leaf = this.#map.leafOf(block) ?? (await this.#map.loadLeafOf(block, signal))
      const index = block % mapFanout
      const place = leaf.ids[index] && this.#placeOf(leaf, index, block)
      if (!place) continue
      if (urgency === 'ahead') this.#cache.loadAhead(place.frame)
      else if (place.frame.state !== 'ready') frames.add(place.frame)
    }
    throwIfAborted(signal, 'The reading')
    const results = await Promise.allSettled([...frames].map(frame => this.#cache.load(frame, () => undefined)))
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }

  /** Whatever goes wrong shows again when somebody asks for it. */
  #later(work: Promise<void>): void {
    const settled = work.catch(() => undefined).finally(() => this.#underWay.delete(settled))
    this.#underWay.add(settled)
  }
}
