import { asBuffer } from '../base/memory.ts'
import type { PackId } from '../contract/ids.ts'
import { names } from '../repository/format.ts'
import { blockCount, decodeFrames, type PackInfo } from '../repository/pack.ts'
import type { Repository } from '../repository/repository.ts'
import { usualParallelPuts } from './blockPool.ts'
import { WorkSet } from './workSet.ts'

/** After this many blocks the index segment is written, so that little is listed again after a kill. */
const segmentBlocks = 65_536

/** A pack as it leaves a thread. */
export interface FinishedPack {
  id: PackId
  wrappedKey: Uint8Array
  bytes: Uint8Array
  /** Encoded as in the pack's index. */
  frames: Uint8Array
}

/**
 * Where finished packs go: into the storage, then into the block index, and from time to time into an index segment.
 * Order is what makes it safe: a pack is durable before any segment or version names it.
 */
export class PackSink {
  readonly #repository: Repository
  readonly #onSent: ((bytes: number) => void) | undefined
  readonly #puts = new WorkSet()
  #unlisted: PackInfo[] = []
  #unlistedBlocks = 0
  /** Bytes added to the storage by this sink: packs and index segments. */
  storedBytes = 0

  /** Packs that go to the storage at one time. */
  get parallelPuts(): number {
    return this.#repository.storage.parallelPuts ?? usualParallelPuts
  }

  /** Takes no signal: what is sealed is worth storing, and a pack takes a moment only. `onSent` is told of bytes on their way. */
  constructor(repository: Repository, onSent?: (bytes: number) => void) {
    this.#repository = repository
    this.#onSent = onSent
  }

  /** Packs that were found in the storage without a segment; the next segment lists them too. */
  adopt(packs: readonly PackInfo[]): void {
    for (const pack of packs) this.#list(pack)
  }

  /**
   * Takes a pack over. Resolves as soon as there is room for the next one. `stored` is called when it is durable and
   * findable, `release` when its bytes are not needed any more, be it stored or not. A failure to store one is thrown by this
   * or a later call, or by `flush`.
   */
  async put(
    pack: FinishedPack,
    stored: (info: PackInfo) => void,
    release: () => void = () => undefined,
  ): Promise<void> {
    try {
      await this.#puts.startBelow(this.parallelPuts, () => this.#store(pack, stored).finally(release))
    } catch (error) {
      release()
      throw error
    }
  }

  /** Resolves when all packs are stored and listed in segments. */
  async flush(): Promise<void> {
    await this.#puts.finish()
    await this.#writeSegments()
  }

  /** Waits for writes under way, whether they succeed or not; for the way out after an error. */
  settle(): Promise<void> {
    return this.#puts.settle()
  }

  async #store(pack: FinishedPack, stored: (info: PackInfo) => void): Promise<void> {
    const sizeBytes = pack.bytes.length
    await this.#send(names.pack(pack.id), pack.bytes)
    this.storedBytes += sizeBytes
    const info: PackInfo = {
      id: pack.id,
      wrappedKey: asBuffer(pack.wrappedKey),
      sizeBytes,
      frames: decodeFrames(asBuffer(pack.frames)) ?? [],
    }
    this.#repository.index.addStored(info)
    stored(info)
    this.#list(info)
    if (this.#unlistedBlocks >= segmentBlocks) await this.#writeSegments()
  }

  async #send(name: string, bytes: Uint8Array): Promise<void> {
    const { storage } = this.#repository
    const tell = this.#onSent
    if (!tell) return storage.put(name, [bytes])
    let toldBytes = 0
    const onSent = (sent: number) => {
      toldBytes += sent
      tell(sent)
    }
    await storage.put(name, [bytes], { onSent })
    // Not every storage can say it on the way.
    if (toldBytes < bytes.length) tell(bytes.length - toldBytes)
  }

  #list(info: PackInfo): void {
    this.#unlisted.push(info)
    this.#unlistedBlocks += blockCount(info.frames)
  }

  async #writeSegments(): Promise<void> {
    if (this.#unlisted.length === 0) return
    const packs = this.#unlisted
    this.#unlisted = []
    this.#unlistedBlocks = 0
    // Not in one step: packs that are stored meanwhile add to it.
    const segmentBytes = await this.#repository.index.writeSegments(packs)
    this.storedBytes += segmentBytes
  }
}
