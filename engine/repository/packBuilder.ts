import { randomBytes } from '../base/random.ts'
import type { PackId } from '../contract/ids.ts'
import { compressFrame, frameKeyOf, sealFrame, zstdLevel } from './blockCrypto.ts'
import {
  type BlockKind,
  blockKind,
  frameTargetBytes,
  gcmTagBytes,
  idBytes,
  pack as layout,
  packTargetBytes,
} from './format.ts'
import { gcmSeal } from './gcm.ts'
import { headerPrefix, type PackBlock, type PackFrame, type PackInfo, sealPackIndex } from './pack.ts'

/** Memory that a pack of default size fits into. */
export const packBufferBytes = packTargetBytes + frameTargetBytes + 256 * 1024

/** Compressed frames pass through here; one for each thread. */
let scratch = Buffer.allocUnsafeSlow(frameTargetBytes)

export interface FinishedPack extends PackInfo {
  /** The whole object. */
  bytes: Buffer
}

/**
 * Fills one pack in memory: header, sealed frames, sealed index, trailer. Its key is random and its own, so frames are
 * sealed here and nowhere else.
 *
 * Data blocks are gathered into frames; a map node is a frame of its own, because maps are read node by node.
 */
export class PackBuilder {
  readonly id: PackId
  readonly #key: Buffer
  readonly #frameKey: Buffer
  readonly #wrappedKey: Buffer
  readonly #frames: PackFrame[] = []
  #buffer: Buffer
  #used: number
  readonly #level: number
  /** Data blocks that wait for their frame to fill. */
  readonly #open = { plain: Buffer.alloc(0), bytes: 0, blocks: [] as PackBlock[] }

  /**
   * `packKeyKey` is the repository key that wraps pack keys; `level` that of zstd; `buffer` is memory to fill, replaced by
   * more when it is too small.
   */
  constructor(packKeyKey: Uint8Array, options: { level?: number; buffer?: Buffer | undefined } = {}) {
    this.id = randomBytes(layout.idBytes).toString('hex') as PackId
    this.#key = randomBytes(32)
    this.#frameKey = frameKeyOf(this.#key)
    const nonce = randomBytes(12)
    const prefix = headerPrefix(this.id)
    this.#wrappedKey = Buffer.concat([nonce, gcmSeal(packKeyKey, nonce, prefix, this.#key)])
    this.#buffer = options.buffer ?? Buffer.allocUnsafeSlow(packBufferBytes)
    this.#level = options.level ?? zstdLevel.later
    this.#buffer.set(prefix, 0)
    this.#buffer.set(this.#wrappedKey, layout.wrappedKeyOffset)
    this.#used = layout.headerBytes
  }

  get isFull(): boolean {
    return this.#used >= packTargetBytes
  }

  /** Adds a block; the bytes are copied. It is sealed when its frame is full or the pack ends. */
  add(kind: BlockKind, id: Buffer, plain: Uint8Array): void {
    if (kind === blockKind.map || plain.length >= frameTargetBytes) {
      this.#seal(kind, plain, [{ id, plainBytes: plain.length }])
      return
    }
    const open = this.#open
    if (open.plain.length === 0) open.plain = Buffer.allocUnsafeSlow(frameTargetBytes)
    if (open.bytes + plain.length > frameTargetBytes) this.#closeFrame()
    open.plain.set(plain, open.bytes)
    open.bytes += plain.length
    open.blocks.push({ id, plainBytes: plain.length })
    if (open.bytes === frameTargetBytes) this.#closeFrame()
  }

  /** How many blocks of this size make a frame that `addNeighbours` can seal as it is; 1 while another frame is open. */
  blocksPerFrame(blockSizeBytes: number): number {
    return this.#open.bytes === 0 ? Math.max(1, Math.floor(frameTargetBytes / blockSizeBytes)) : 1
  }

  /** Adds data blocks that lie one behind the other, the last of which may be shorter. Whole frames are not copied. */
  addNeighbours(ids: Buffer, plain: Uint8Array, blockSizeBytes: number): void {
    const blocks: PackBlock[] = []
    for (let at = 0, i = 0; at < plain.length; at += blockSizeBytes, i++) {
      const plainBytes = Math.min(blockSizeBytes, plain.length - at)
      blocks.push({ id: ids.subarray(i * idBytes, (i + 1) * idBytes), plainBytes })
    }
    if (this.#open.bytes === 0 && plain.length === frameTargetBytes) {
      this.#seal(blockKind.data, plain, blocks)
      return
    }
    let at = 0
    for (const { id, plainBytes } of blocks) {
      this.add(blockKind.data, id, plain.subarray(at, at + plainBytes))
      at += plainBytes
    }
  }

  /**
   * Seals the open frame if it is at least half full. Called where the source breaks off, so that few frames hold blocks
   * that lie far apart.
   */
  endStretch(): void {
    if (this.#open.bytes >= frameTargetBytes / 2) this.#closeFrame()
  }

  /** Ends the pack. The builder must not be used after. */
  finish(): FinishedPack {
    this.#closeFrame()
    this.#append(sealPackIndex(this.#key, this.id, this.#frames))
    const bytes = this.#buffer.subarray(0, this.#used)
    return { id: this.id, wrappedKey: this.#wrappedKey, sizeBytes: this.#used, frames: this.#frames, bytes }
  }

  #closeFrame(): void {
    const open = this.#open
    if (open.blocks.length === 0) return
    this.#seal(blockKind.data, open.plain.subarray(0, open.bytes), open.blocks)
    open.blocks = []
    open.bytes = 0
  }

  #seal(kind: BlockKind, plain: Uint8Array, blocks: PackBlock[]): void {
    if (scratch.length < plain.length) scratch = Buffer.allocUnsafeSlow(plain.length)
    const { body, method } = compressFrame(kind, plain, this.#level, scratch)
    const place = { kind, compression: method, offset: this.#used, plainBytes: plain.length }
    this.#reserve(body.length + gcmTagBytes)
    const storedBytes = sealFrame(this.#frameKey, place, body, this.#buffer)
    this.#used += storedBytes
    this.#frames.push({ ...place, storedBytes, blocks })
  }

  #append(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#used)
    this.#used += bytes.length
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#used + bytes))
    larger.set(this.#buffer.subarray(0, this.#used))
    this.#buffer = larger
  }
}
