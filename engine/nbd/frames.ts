import type { FramePlace } from '../repository/blockCrypto.ts'
import { framePlaceOf, type LocatedBlock } from '../repository/blockStore.ts'
import { frameTargetBytes } from '../repository/format.ts'

/** What a read waits for. */
export interface FrameWaiter {
  /** Called when the frame is in memory, and only until it returns; or when it cannot be had. */
  ready: () => void
  /** The storage failed in a way that says nothing about the frame. */
  failed: (error: unknown) => void
}

/**
 * Bytes of a pack that are opened together, and where their plaintext is in memory just now. There is at most one of each
 * place in a cache; one that has left the cache may be brought back.
 */
export class Frame {
  readonly key: number
  readonly packId: string
  readonly frameKey: Buffer
  readonly place: FramePlace
  readonly storedBytes: number
  /** Those of its blocks that somebody has asked for, or is likely to. */
  readonly blocks: KnownBlock[] = []
  /** idle: not in memory, and nobody has asked for it. */
  state: 'idle' | 'waiting' | 'loading' | 'ready' = 'idle'
  /** Number of its room in the cache; -1 when it has none. */
  room = -1
  readonly waiters: FrameWaiter[] = []

  constructor({ row, frameKey }: LocatedBlock) {
    this.key = frameKeyOfRow(row.packNum, row.frameOffset)
    this.packId = row.packId
    this.frameKey = frameKey
    this.place = framePlaceOf(row)
    this.storedBytes = row.frameStoredBytes
  }
}

/** Packs are at most some frames longer than 16 MiB, so offsets stay far below 2^31. */
export const frameKeyOfRow = (packNum: number, frameOffset: number): number => packNum * 2 ** 31 + frameOffset

/** What room a frame needs, in a repository with such blocks. */
export const roomBytesFor = (blockSizeBytes: number): number => Math.max(frameTargetBytes, blockSizeBytes)

/** A block of a version together with where it is thought to be. */
export interface KnownBlock {
  readonly frame: Frame
  readonly id: Buffer
  /** In the plaintext of the frame. */
  readonly start: number
  readonly plainBytes: number
  /**
   * It was not looked up: neighbours in a version mostly are neighbours in a frame. Whether that is so, its id shows.
   */
  readonly isGuess: boolean
  /** Whether its id was held against what is in memory now. */
  state: 'unchecked' | 'good' | 'bad'
}
