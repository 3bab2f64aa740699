import type { BlockIdentifier, FrameFault } from '../repository/blockCrypto.ts'
import { openFrame } from '../repository/blockCrypto.ts'
import { type BlockKind, idBytes } from '../repository/format.ts'
import type { OpenedRun, WantedBlock, WantedFrame } from './blockWorkerProtocol.ts'

/** Opens frames into slots and checks the blocks that are wanted of them. One for each thread. */
export class FrameOpener {
  readonly #slots: Buffer
  readonly #identifier: BlockIdentifier
  /** The id of a block that was opened. */
  readonly #id = Buffer.alloc(idBytes)
  /** Frames of which only parts are wanted are opened here. */
  #scratch = Buffer.alloc(0)

  constructor(slots: Buffer, identifier: BlockIdentifier) {
    this.#slots = slots
    this.#identifier = identifier
  }

  /**
   * Opens frames of one pack, of which `bytes` is the part from `offset` on; good blocks are brought to their places behind
   * `base` in the slots. The bytes are used up. Returns the blocks that are not sound.
   */
  open(
    frameKey: Uint8Array,
    bytes: Buffer,
    offset: number,
    frames: Iterable<WantedFrame>,
    base: number,
  ): OpenedRun['faults'] {
    const faults: OpenedRun['faults'] = []
    let frame = 0
    for (const { place, storedBytes, into, blocks } of frames) {
      const from = place.offset - offset
      const direct = into ?? directPlace(place.plainBytes, blocks)
      const room = direct < 0 ? this.#scratchFor(place.plainBytes) : this.#slots.subarray(base + direct)
      const opened = openFrame(frameKey, place, bytes.subarray(from, from + storedBytes), room, true)
      blocks.forEach((block, index) => {
        const fault: FrameFault | 'wrong id' | undefined =
          'fault' in opened ? opened.fault : this.#take(place.kind, opened.plain, block, base)
        if (fault) faults.push({ frame, block: index, fault })
      })
      frame++
    }
    return faults
  }

  /** Checks a block of an opened frame and brings it to its place, if it is not there. */
  #take(kind: BlockKind, frame: Buffer, block: WantedBlock, base: number): 'wrong id' | undefined {
    const plain = frame.subarray(block.start, block.start + block.plainBytes)
    const isRight = plain.length === block.plainBytes && this.#identifier.idOf(kind, plain, this.#id).equals(block.id)
    if (!isRight) return 'wrong id'
    if (block.into < 0) return undefined
    const slots = this.#slots
    const isThere = plain.buffer === slots.buffer && plain.byteOffset === slots.byteOffset + base + block.into
    if (!isThere) slots.set(plain, base + block.into)
    return undefined
  }

  #scratchFor(bytes: number): Buffer {
    if (this.#scratch.length < bytes) this.#scratch = Buffer.allocUnsafeSlow(bytes)
    return this.#scratch
  }
}

/**
 * Where in the slot a whole frame can be opened without copying: all its blocks are wanted, one behind the other. -1 when it
 * cannot.
 */
function directPlace(plainBytes: number, blocks: readonly WantedBlock[]): number {
  const first = blocks[0]
  if (first?.start !== 0 || first.into < 0) return -1
  let end = 0
  for (const block of blocks) {
    if (block.start !== end || block.into !== first.into + block.start) return -1
    end += block.plainBytes
  }
  return end === plainBytes ? first.into : -1
}
