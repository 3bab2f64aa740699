import type { PackId } from '../contract/ids.ts'
import type { Priority } from '../contract/jobs.ts'
import type { FrameFault, FramePlace } from '../repository/blockCrypto.ts'
import { idBytes } from '../repository/format.ts'
import type { Keyring } from '../repository/keyring.ts'
import type { PackFrame } from '../repository/pack.ts'
import type { Descriptors } from '../targets/target.ts'

export interface WorkerSetup {
  /** Blocks travel through this memory; slot n is [n * slotBytes, (n + 1) * slotBytes). */
  slots: SharedArrayBuffer
  slotBytes: number
  /** Memory that this thread's packs are made in, `packBufferBytes` for each. */
  packs: SharedArrayBuffer
  blockSizeBytes: number
  zstdLevel: number
  /** Number of this thread. */
  thread: number
  priority: Priority
  keyring: Pick<Keyring, 'blockId' | 'mapId' | 'idMask' | 'pack'>
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
  /** Where in the slot the whole frame goes. When not given, its wanted blocks go to their places and the rest nowhere. */
  into?: number
  blocks: readonly WantedBlock[]
}

/** Wanted frames as two flat arrays: thousands of small objects in messages would cost as much as opening the frames. */
export interface FrameTable {
  /** For each frame: kind, compression, offset, plain bytes, stored bytes, into (or -1), count of blocks; for each of these: start, plain bytes, into. */
  numbers: Float64Array
  /** The ids of all blocks, one behind the other. */
  ids: Uint8Array
}

/** A part of a pack that holds wanted frames, to be read by the thread itself. */
export interface FileRun {
  /** Of the pack's file. */
  path: string
  offset: number
  length: number
  frameKey: Uint8Array
  frames: FrameTable
}

/** Where in a target a slot's blocks go. */
export interface SlotWrites extends Descriptors {
  /** For each stretch: where it begins in the slot, its length, its offset in the target. */
  stretches: Float64Array
}

/** What a pack should be, from the index. */
export interface ExpectedPack {
  num: number
  id: PackId
  wrappedKey: Uint8Array
  sizeBytes: number
}

/** A pack in which everything is sound. */
export interface CheckedPack {
  blocks: number
}

export type Request =
  /** The first one. There is no reply. */
  | { kind: 'setup'; setup: WorkerSetup }
  /** Tells holes from data and names the data: the first `bytes` of a slot, block by block. */
  | { kind: 'identify'; slot: number; bytes: number }
  /** Seals some blocks of a slot into the thread's open pack. */
  | { kind: 'seal'; slot: number; bytes: number; blocks: readonly number[]; ids: Uint8Array }
  /** The memory of a pack that has been stored may be used for the thread's next one. */
  | { kind: 'recycle'; area: number }
  /** Ends the thread's open pack. */
  | { kind: 'finish' }
  /** Opens frames of one pack, of which `bytes` is the part from `offset` on. The bytes are used up. */
  | { kind: 'open'; slot: number; frameKey: Uint8Array; bytes: Uint8Array; offset: number; frames: FrameTable }
  /** Reads packs, opens frames, checks blocks and writes them to a target, all in the thread. The slot is used up. */
  | { kind: 'restore'; slot: number; runs: readonly FileRun[]; writes: SlotWrites }
  /** Reads a whole pack and checks everything in it, in the thread. */
  | { kind: 'check'; path: string; expected: ExpectedPack }
  /** Ends the thread. There is no reply. */
  | { kind: 'end' }

export interface Identified {
  /** One id for each block; meaningless for holes. */
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
  /** Which part of the thread's memory for packs it takes up; undefined when it has memory of its own. */
  area: number | undefined
  /** Encoded as in the pack's index. */
  frames: Uint8Array
}

export interface OpenedRun {
  /** Wanted blocks that are not sound: index of the frame, index among its wanted blocks. */
  faults: { frame: number; block: number; fault: FrameFault | 'wrong id' }[]
  /** That of the request's bytes, given back. */
  memory: ArrayBuffer
}

export interface Reply {
  call: number
  /** A boolean says whether everything went well; undefined also that a pack is not sound. */
  result: Identified | SealedPack[] | OpenedRun | CheckedPack | boolean | undefined
}

export function encodeWanted(frames: readonly WantedFrame[]): FrameTable {
  const count = frames.reduce((sum, frame) => sum + frame.blocks.length, 0)
  const numbers = new Float64Array(frames.length * 7 + count * 3)
  const ids = new Uint8Array(count * idBytes)
  let at = 0
  let block = 0
  for (const { place, storedBytes, into: whole, blocks } of frames) {
    numbers[at++] = place.kind
    numbers[at++] = place.compression
    numbers[at++] = place.offset
    numbers[at++] = place.plainBytes
    numbers[at++] = storedBytes
    numbers[at++] = whole ?? -1
    numbers[at++] = blocks.length
    for (const { id, start, plainBytes, into } of blocks) {
      numbers[at++] = start
      numbers[at++] = plainBytes
      numbers[at++] = into
      ids.set(id, block++ * idBytes)
    }
  }
  return { numbers, ids }
}

export function* decodeWanted({ numbers, ids }: FrameTable): Generator<WantedFrame> {
  let at = 0
  let block = 0
  const next = () => numbers[at++]!
  while (at < numbers.length) {
    const place = {
      kind: next() as FramePlace['kind'],
      compression: next() as FramePlace['compression'],
      offset: next(),
      plainBytes: next(),
    }
    const storedBytes = next()
    const whole = next()
    const blocks: WantedBlock[] = []
    for (let count = next(); count > 0; count--) {
      const id = ids.subarray(block * idBytes, (block + 1) * idBytes)
      blocks.push({ id, start: next(), plainBytes: next(), into: next() })
      block++
    }
    yield { place, storedBytes, ...(whole < 0 ? {} : { into: whole }), blocks }
  }
}

/** A frame all of whose blocks are only to be checked. */
export function wholeFrame(frame: PackFrame): WantedFrame {
  const { kind, compression, offset, plainBytes, storedBytes } = frame
  let start = 0
  const blocks = frame.blocks.map(block => {
    const wanted = { id: block.id, start, plainBytes: block.plainBytes, into: -1 }
    start += block.plainBytes
    return wanted
  })
  return { place: { kind, compression, offset, plainBytes }, storedBytes, blocks }
}
