/** Where one copy of a block is. */
export interface BlockRow {
  packNum: number
  packId: string
  wrappedKey: Buffer
  packState: number
  kind: number
  compression: number
  /** The frame that holds the block: where it begins in the pack, sealed length, plain length. */
  frameOffset: number
  frameStoredBytes: number
  framePlainBytes: number
  /** Where the block begins in the frame's plaintext. */
  start: number
  plainBytes: number
  damaged: number
}

export interface NewPack {
  id: string
  wrappedKey: Buffer
  sizeBytes: number
  frames: readonly {
    kind: number
    compression: number
    offset: number
    storedBytes: number
    plainBytes: number
    blocks: readonly { id: Buffer; plainBytes: number }[]
  }[]
}

/** One copy of a block that a scrub found bad. */
export interface DamagedCopy {
  blockId: Uint8Array
  packId: string
}

export interface PackRow {
  num: number
  id: string
  sizeBytes: number
  blockCount: number
  state: number
  wrappedKey: Buffer
}

/**
 * live: may be referred to. condemned: still readable, about to go. missing: the index lists it, the storage has it not or
 * not whole. gone: no index lists it any more.
 */
export const packState = { live: 0, condemned: 1, missing: 2, gone: 3 } as const
