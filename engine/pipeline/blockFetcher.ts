import { HoldfastError, isHoldfastError } from '../contract/errors.ts'
import { framePlaceOf, type LocatedBlock } from '../repository/blockStore.ts'
import { blockKind, names } from '../repository/format.ts'
import type { Repository } from '../repository/repository.ts'
import type { BlockPool, Slot } from './blockPool.ts'
import { encodeWanted, type FileRun, type WantedFrame } from './blockWorkerProtocol.ts'
import { ReadRooms } from './readRooms.ts'

/** Unneeded bytes between two frames that are read along rather than asked for apart. */
const gapBytes = 128 * 1024
/** Bytes asked for at once at most; a single frame may be larger. */
const requestBytes = 4 * 1024 * 1024 + gapBytes

/** A block and the place in the slot that it is wanted in. */
export interface Wanted {
  id: Buffer
  into: number
  plainBytes: number
}

interface FrameJob extends WantedFrame {
  packId: string
  frameKey: Buffer
  blocks: { id: Buffer; start: number; plainBytes: number; into: number; wanted: Wanted }[]
}

/**
 * Brings blocks out of packs into a slot: looks them up, reads each needed frame once, in as few requests as pay, and opens
 * them in the slot's thread. A block whose first copy is bad is tried from its other copies.
 */
export class BlockFetcher {
  readonly #repository: Repository
  readonly #pool: BlockPool
  readonly #signal: AbortSignal | undefined
  readonly #rooms = new ReadRooms(requestBytes)

  constructor(repository: Repository, pool: BlockPool, signal?: AbortSignal) {
    this.#repository = repository
    this.#pool = pool
    this.#signal = signal
  }

  /**
   * Returns those of the wanted blocks for which no sound copy was found; their places in the slot mean nothing. Errors of the
   * storage that are not about single objects are thrown.
   */
  async fetch(slot: Slot, wanted: readonly Wanted[]): Promise<Wanted[]> {
    const failed: Wanted[] = []
    const retry: Wanted[] = []
    const frames = this.#group(wanted, failed)
    for (const run of readRuns(frames)) {
      retry.push(...(await this.#open(slot, run)))
    }
    for (const block of retry) {
      if (!(await this.#fromAnyCopy(slot, block))) failed.push(block)
    }
    return failed
  }

  /**
   * What a thread must read to bring these blocks into a slot by itself. Undefined when it cannot: packs are no files here, or
   * a block is nowhere to be found.
   */
  runsInFiles(wanted: readonly Wanted[]): FileRun[] | undefined {
    const { storage } = this.#repository
    if (storage.fileOf === undefined) return undefined
    const lost: Wanted[] = []
    const runs: FileRun[] = []
    for (const frames of readRuns(this.#group(wanted, lost))) {
      const path = storage.fileOf(names.pack(frames[0]!.packId))
      if (path === undefined || lost.length > 0) return undefined
      runs.push({ path, ...spanOf(frames), frameKey: frames[0]!.frameKey, frames: encodeWanted(frames) })
    }
    return runs
  }

  #group(wanted: readonly Wanted[], failed: Wanted[]): FrameJob[] {
    const frames = new Map<string, FrameJob>()
    for (const block of wanted) {
      let located: LocatedBlock
      try {
        located = this.#repository.blocks.locateOne(block.id)
      } catch (error) {
        if (!isHoldfastError(error, 'integrity.blockMissing', 'integrity.objectDamaged')) throw error
        failed.push(block)
        continue
      }
      const { row, frameKey } = located
      const key = `${row.packNum}/${row.frameOffset}`
      let frame = frames.get(key)
      if (!frame) {
        frame = {
          packId: row.packId,
          frameKey,
          place: framePlaceOf(row),
          storedBytes: row.frameStoredBytes,
          blocks: [],
        }
        frames.set(key, frame)
      }
      frame.blocks.push({ id: block.id, start: row.start, plainBytes: row.plainBytes, into: block.into, wanted: block })
    }
    return [...frames.values()]
  }

  async #open(slot: Slot, run: FrameJob[]): Promise<Wanted[]> {
    const first = run[0]!
    const { offset, length } = spanOf(run)
    let bytes: Uint8Array
    try {
      const name = names.pack(first.packId)
      bytes = await this.#repository.storage.get(name, { offset, length }, this.#signal, this.#rooms.take())
    } catch (error) {
      if (isHoldfastError(error, ...unreadableObject))
        return run.flatMap(frame => frame.blocks.map(block => block.wanted))
      throw error
    }
    const { faults, memory } = await this.#pool.open(slot, first.frameKey, bytes, offset, run)
    this.#rooms.give(memory)
    return faults.map(fault => run[fault.frame]!.blocks[fault.block]!.wanted)
  }

  async #fromAnyCopy(slot: Slot, block: Wanted): Promise<boolean> {
    try {
      const plain = await this.#repository.blocks.readBlock(block.id, blockKind.data, this.#signal)
      slot.bytes.set(plain, block.into)
      return true
    } catch (error) {
      if (error instanceof HoldfastError && (error.code.startsWith('integrity.') || isMissing(error))) return false
      throw error
    }
  }
}

/** One object is missing, cut short or lies on a bad sector; the storage as such is there. */
const unreadableObject = ['storage.objectNotFound', 'storage.rangeInvalid', 'storage.failed'] as const

const isMissing = (error: HoldfastError): boolean => isHoldfastError(error, ...unreadableObject)

function spanOf(run: readonly FrameJob[]): { offset: number; length: number } {
  const { offset } = run[0]!.place
  const last = run.at(-1)!
  return { offset, length: last.place.offset + last.storedBytes - offset }
}

/** Frames of one pack that lie close together become one read. */
function readRuns(frames: FrameJob[]): FrameJob[][] {
  frames.sort((a, b) => (a.packId < b.packId ? -1 : a.packId > b.packId ? 1 : a.place.offset - b.place.offset))
  const runs: FrameJob[][] = []
  let end = 0
  for (const frame of frames) {
    const run = runs.at(-1)
    const start = run?.[0]?.place.offset ?? 0
    const frameEnd = frame.place.offset + frame.storedBytes
    const near = frame.place.offset - end <= gapBytes && frameEnd - start <= requestBytes
    if (run && run[0]!.packId === frame.packId && near) run.push(frame)
    else runs.push([frame])
    end = frameEnd
  }
  return runs
}
