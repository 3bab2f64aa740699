import type { PackId } from '../contract/ids.ts'
import type { FrameFault, FramePlace } from '../repository/blockCrypto.ts'
import type { Keyring } from '../repository/keyring.ts'

export interface WorkerSetup {
  /** Blocks travel through this memory; slot n is [n * slotBytes, (n + 1) * slotBytes). */
  slots: SharedArrayBuffer
  slotBytes: number
  blockSizeBytes: number
  zstdLevel: number
  /** Number of this thread. */
  thread: number
  keyring: Pick<Keyring, 'blockId' | 'mapId' | 'pack'>
}

/** A block of a frame that is to be opened: where it stands in the frame, and where in the slot it goes (-1: only check). */
export interface WantedBlock {
  id: Uint8Array
  start: number
  plainBytes: number
  into: number
}

export interface WantedFrame {
  place: FramePlace
  storedBytes: number
  blocks: readonly WantedBlock[]
}

export type Request =
  /** Tells holes from data and names the data: the first `bytes` of a slot, block by block. */
  | { kind: 'identify'; slot: number; bytes: number }
  /** Seals some blocks of a slot into the thread's open pack. */
  | { kind: 'seal'; slot: number; bytes: number; blocks: readonly number[]; ids: Uint8Array }
  /** Gives back the memory of a pack that has been stored, for the thread's next one. */
  | { kind: 'recycle'; memory: ArrayBuffer }
  /** Ends the thread's open pack. */
  | { kind: 'finish' }
  /** Opens frames of one pack, of which `bytes` is the part from `offset` on. */
  | {
      kind: 'open'
      slot: number
      packKey: Uint8Array
      bytes: Uint8Array
      offset: number
      frames: readonly WantedFrame[]
      /** Without, the caller checks the ids itself after it has used the blocks. */
      checkIds: boolean
    }

export interface Identified {
  /** 32 bytes for each block; meaningless for holes. */
  ids: Uint8Array
  /** 1 for each block of zeros. */
  holes: Uint8Array
}

export interface SealedPack {
  /** The thread that made it. */
  thread: number
  id: PackId
  wrappedKey: Uint8Array
  bytes: Uint8Array
  /** Encoded as in the pack's index. */
  frames: Uint8Array
}

export interface OpenedRun {
  /** Wanted blocks that are not sound: index of the frame, index among its wanted blocks. */
  faults: { frame: number; block: number; fault: FrameFault | 'wrong id' }[]
}

export interface Reply {
  call: number
  result: Identified | SealedPack[] | OpenedRun | undefined
}
