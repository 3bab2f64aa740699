import { BlockPool, type Slot } from '../pipeline/blockPool.ts'
import { BlockIdentifier } from '../repository/blockCrypto.ts'
import { blockKind } from '../repository/format.ts'
import type { Repository } from '../repository/repository.ts'
import { FrameLoader } from './frameLoader.ts'
import { FrameRooms } from './frameRooms.ts'
import { Frame, frameKeyOfRow, type KnownBlock, roomBytesFor } from './frames.ts'

export const defaultCacheBytes = 256 * 1024 * 1024
/** Requests that are under way at once need some. */
const fewestRooms = 16

export interface BlockCacheOptions {
  /** Bound of the opened frames in memory; at least 16 frames are kept. defaultCacheBytes unless given. */
  cacheBytes?: number
  threads?: number
}

/**
 * Opened frames of a repository in memory of a fixed size, for all versions of it that are read. Whole frames are kept, since one
 * is opened at once, and neighbours of a block are what is asked for next. Threads open them where they stay; so
 * nothing is copied but what a reader asked for.
 */
export class BlockCache {
  readonly roomBytes: number
  readonly roomCount: number
  readonly #repository: Repository
  readonly #pool: BlockPool
  readonly #memory: Slot
  readonly #rooms: FrameRooms
  readonly #loader: FrameLoader
  readonly #identifier: BlockIdentifier
  readonly #scratchId = Buffer.alloc(16)

  private constructor(repository: Repository, pool: BlockPool, memory: Slot, roomCount: number) {
    this.#repository = repository
    this.#pool = pool
    this.#memory = memory
    this.#identifier = new BlockIdentifier(repository.keyring)
    this.roomBytes = roomBytesFor(repository.blockSizeBytes)
    this.roomCount = roomCount
    this.#rooms = new FrameRooms(roomCount)
    const { roomBytes } = this
    this.#loader = new FrameLoader({ repository, pool, memory, rooms: this.#rooms, roomBytes })
  }

  /** Memory is taken as it is filled. Close it. */
  static async open(repository: Repository, options: BlockCacheOptions = {}): Promise<BlockCache> {
    const roomBytes = roomBytesFor(repository.blockSizeBytes)
    const roomCount = Math.max(fewestRooms, Math.floor((options.cacheBytes ?? defaultCacheBytes) / roomBytes))
    const pool = new BlockPool(repository.keyring, repository.blockSizeBytes, {
      threads: options.threads,
      slotBytes: roomCount * roomBytes,
      slots: 1,
    })
    return new BlockCache(repository, pool, await pool.acquire(), roomCount)
  }

  /** Where a block is: looked up in the index. Undefined when no copy can be read by frames; then `readAlone` says more. */
  locate(id: Buffer): KnownBlock | undefined {
    const located = this.#repository.blocks.locate(id)[0]!
    const { row } = located
    if (row.framePlainBytes > this.roomBytes) return undefined
    const frame = this.#rooms.find(frameKeyOfRow(row.packNum, row.frameOffset)) ?? new Frame(located)
    return note(frame, id, row.start, row.plainBytes, false)
  }

  /** The same block in the frame that counts now: that of its place may be another since it left memory. */
  renew(block: KnownBlock): KnownBlock {
    const frame = this.#rooms.find(block.frame.key)
    if (!frame || frame === block.frame) return block
    return note(frame, block.id, block.start, block.plainBytes, block.isGuess)
  }

  /** A neighbour of `block` in its version, which may stand beside it in its frame as well. Undefined when that cannot be. */
  guess(block: KnownBlock, side: 'before' | 'behind', id: Buffer, plainBytes: number): KnownBlock | undefined {
    const start = side === 'before' ? block.start - plainBytes : block.start + block.plainBytes
    const isInside = start >= 0 && start + plainBytes <= block.frame.place.plainBytes
    return isInside ? note(block.frame, id, start, plainBytes, true) : undefined
  }

  /** A guess was wrong. */
  forget({ frame, ...block }: KnownBlock): void {
    const at = frame.blocks.findIndex(({ id, start }) => id === block.id && start === block.start)
    if (at >= 0) frame.blocks.splice(at, 1)
  }

  /** The plaintext of a block that is in memory and was checked, until anything else is done; undefined otherwise. */
  take(block: KnownBlock): Buffer | undefined {
    const { frame } = block
    if (frame.state !== 'ready' || block.state === 'bad') return undefined
    const at = frame.room * this.roomBytes + block.start
    const plain = this.#memory.bytes.subarray(at, at + block.plainBytes)
    if (block.state === 'unchecked') {
      const isRight = this.#identifier.idOf(blockKind.data, plain, this.#scratchId).equals(block.id)
      block.state = isRight ? 'good' : 'bad'
      if (!isRight) return undefined
    }
    this.#rooms.touch(frame)
    return plain
  }

  /**
   * Brings the frame of a block into memory, if it is not there, and calls `use`, in which `take` may be called. Fails with the
   * storage's own errors; a frame that is damaged is no error here, but its blocks are bad.
   */
  load(frame: Frame, use: () => void): Promise<void> {
    if (frame.state === 'ready') {
      use()
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const ready = () => {
        use()
        resolve()
      }
      this.#loader.load(frame, 'wanted', { ready, failed: reject })
    })
  }

  /** Brings a frame into memory when there is nothing better to do; nobody is told when that fails. */
  loadAhead(frame: Frame): void {
    if (frame.state === 'idle' && this.#loader.aheadCount < this.roomCount / 4) this.#loader.load(frame, 'ahead')
  }

  /** Reads a block by itself, from whatever copy is sound. Fails with integrity.* when none is. */
  readAlone(id: Buffer, signal?: AbortSignal): Promise<Buffer> {
    return this.#repository.blocks.readBlock(id, blockKind.data, signal)
  }

  /** Waits for what is under way. Nothing is asked for any more. */
  async close(): Promise<void> {
    await this.#loader.close()
    await this.#pool.close()
  }
}

function note(frame: Frame, id: Buffer, start: number, plainBytes: number, isGuess: boolean): KnownBlock {
  for (const known of frame.blocks) {
    if (known.start === start && known.plainBytes === plainBytes && known.id.equals(id)) return known
  }
  const block: KnownBlock = { frame, id, start, plainBytes, isGuess, state: 'unchecked' }
  frame.blocks.push(block)
  return block
}
