import { HoldfastError, isHoldfastError } from '../contract/errors.ts'
import { framePlaceOf, type LocatedBlock } from '../repository/blockStore.ts'
import { blockKind, names } from '../repository/format.ts'
import type { Repository } from '../repository/repository.ts'
import type { BlockPool, Slot } from './blockPool.ts'
import type { WantedFrame } from './blockWorkerProtocol.ts'

/** Unneeded bytes between two frames that are read along rather than asked for apart. */
const gapBytes = 128 * 1024
/** Bytes asked for at once at most. */
const requestBytes = 8 * 1024 * 1024

/** A block and the place in the slot that it is wanted in. */
export interface Wanted {
  id: Buffer
  into: number
  plainBytes: number
}

interface FrameJob extends WantedFrame {
  packId: string
  packKey: Buffer
  blocks: { id: Buffer; start: number; plainBytes: number; into: number }[]
}

/**
 * Brings blocks out of packs into a slot: looks them up, reads each needed frame once, in as few requests as pay, and opens
 * them in the slot's thread. A block whose first copy is bad is tried from its other copies.
 */
export class BlockFetcher {
  readonly #repository: Repository
  readonly #pool: BlockPool
  readonly #signal: AbortSignal | undefined

  constructor(repository: Repository, pool: BlockPool, signal?: AbortSignal) {
    this.#repository = repository
    this.#pool = pool
    this.#signal = signal
  }

  /**
   * Returns the blocks for which no sound copy was found; their places in the slot are left as they were. Errors of the
   * storage that are not about single objects are thrown.
   */
  async fetch(slot: Slot, wanted: readonly Wanted[], checkIds: boolean): Promise<Wanted[]> {
    const failed: Wanted[] = []
    const retry: Wanted[] = []
    const frames = this.#group(wanted, failed)
    for (const run of readRuns(frames)) {
      const bad = await this.#open(slot, run, checkIds)
      retry.push(...bad.map(({ id, into, plainBytes }) => ({ id, into, plainBytes })))
    }
    for (const block of retry) {
      if (!(await this.#fromAnyCopy(slot, block))) failed.push(block)
    }
    return failed
  }

  #group(wanted: readonly Wanted[], failed: Wanted[]): FrameJob[] {
    const frames = new Map<string, FrameJob>()
    for (const block of wanted) {
      let located: LocatedBlock
      try {
        located = this.#repository.blocks.locate(block.id)[0]!
      } catch (error) {
        if (!isHoldfastError(error, 'integrity.blockMissing', 'integrity.objectDamaged')) throw error
        failed.push(block)
        continue
      }
      const { row, packKey } = located
      const key = `${row.packNum}/${row.frameOffset}`
      let frame = frames.get(key)
      if (!frame) {
        frame = { packId: row.packId, packKey, place: framePlaceOf(row), storedBytes: row.frameStoredBytes, blocks: [] }
        frames.set(key, frame)
      }
      frame.blocks.push({ id: block.id, start: row.start, plainBytes: row.plainBytes, into: block.into })
    }
    return [...frames.values()]
  }

  async #open(slot: Slot, run: FrameJob[], checkIds: boolean): Promise<FrameJob['blocks']> {
    const first = run[0]!
    const last = run.at(-1)!
    const offset = first.place.offset
    const length = last.place.offset + last.storedBytes - offset
    let bytes: Uint8Array
    try {
      bytes = await this.#repository.storage.get(names.pack(first.packId), { offset, length }, this.#signal)
    } catch (error) {
      if (isHoldfastError(error, ...unreadableObject)) return run.flatMap(f => f.blocks)
      throw error
    }
    const { faults } = await this.#pool.open(slot, first.packKey, bytes, offset, run, checkIds)
    return faults.map(fault => run[fault.frame]!.blocks[fault.block]!)
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
