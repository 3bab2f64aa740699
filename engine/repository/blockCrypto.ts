import { hash } from 'node:crypto'
import { zstd } from '../base/linux/zstd.ts'
import { freeNow } from '../base/memory.ts'
import { type BlockKind, blockKind, type Compression, compression, gcmTagBytes } from './format.ts'
import { gcmOpen, gcmSealInto, hmac, zeroNonce } from './gcm.ts'
import type { Keyring } from './keyring.ts'

/**
 * zstd levels of frames: the first version of a source is much data, and speed counts; what later ones add is little, and
 * size counts. The figures behind the choice are in docs/benchmarks.md.
 */
export const zstdLevel = { first: 1, later: 3 } as const

const frameKeyLabel = Buffer.from('frame')
const sha256BlockBytes = 64

/**
 * Computes block ids: HMAC-SHA-256 of the plaintext under the key of its kind, so that data and map nodes never share an id.
 *
 * HMAC is spelled out (RFC 2104) over one-shot hashes, because an HMAC object for every small block costs as much as a third
 * of the hashing itself. Not for use by two callers at once: it works in a buffer of its own.
 */
export class BlockIdentifier {
  readonly #inner: Record<BlockKind, Buffer>
  readonly #outer: Record<BlockKind, Buffer>
  #scratch = Buffer.alloc(0)

  constructor(keyring: Pick<Keyring, 'blockId' | 'mapId'>) {
    const pads = (byte: number) => ({ 1: padded(keyring.blockId, byte), 2: padded(keyring.mapId, byte) })
    this.#inner = pads(0x36)
    this.#outer = pads(0x5c)
  }

  /** The 32-byte id of a block. */
  idOf(kind: BlockKind, plain: Uint8Array): Buffer {
    const length = sha256BlockBytes + plain.length
    if (this.#scratch.length < length) this.#scratch = Buffer.allocUnsafeSlow(length)
    this.#scratch.set(this.#inner[kind], 0)
    this.#scratch.set(plain, sha256BlockBytes)
    const inner = hash('sha256', this.#scratch.subarray(0, length), 'buffer')
    return hash('sha256', Buffer.concat([this.#outer[kind], inner]), 'buffer')
  }
}

function padded(key: Uint8Array, byte: number): Buffer {
  const out = Buffer.alloc(sha256BlockBytes, byte)
  for (let i = 0; i < key.length; i++) out[i]! ^= key[i]!
  return out
}

/**
 * Compresses into `scratch` (at least as long as `plain`) unless it does not pay. Map nodes are made of ids, which cannot
 * shrink, and are left alone. The body is valid until the scratch is used again.
 */
export function compressFrame(
  kind: BlockKind,
  plain: Uint8Array,
  level: number,
  scratch: Uint8Array,
): { body: Uint8Array; method: Compression } {
  const length = kind === blockKind.map ? undefined : zstd().compress(plain, level, scratch)
  return length !== undefined && length < plain.length
    ? { body: scratch.subarray(0, length), method: compression.zstd }
    : { body: plain, method: compression.none }
}

/** Where a frame stands in its pack. */
export interface FramePlace {
  kind: BlockKind
  compression: Compression
  /** Of the first sealed byte, from the start of the pack. */
  offset: number
  /** Of the plaintext. */
  plainBytes: number
}

/** The key that seals one frame: HMAC-SHA-256(pack key, "frame" ‖ u32 offset). Used once. */
function frameKey(packKey: Uint8Array, offset: number): Buffer {
  const where = Buffer.allocUnsafe(4)
  where.writeUInt32LE(offset, 0)
  return hmac(packKey, frameKeyLabel, where)
}

/** u8 kind, u8 compression, u32 plain bytes. */
function associatedData(place: FramePlace): Buffer {
  const aad = Buffer.allocUnsafe(6)
  aad[0] = place.kind
  aad[1] = place.compression
  aad.writeUInt32LE(place.plainBytes, 2)
  return aad
}

/** Seals a (compressed) frame into its place in the pack; returns the sealed length, 16 bytes more than `body`. */
export function sealFrame(packKey: Uint8Array, place: FramePlace, body: Uint8Array, pack: Buffer): number {
  return gcmSealInto(frameKey(packKey, place.offset), zeroNonce, associatedData(place), body, pack, place.offset)
}

export type FrameFault = 'altered' | 'undecodable' | 'wrong length'

/**
 * Opens a sealed frame: tag, decompression, length. Never throws on bad bytes; says what is wrong with them. The plaintext
 * may be written into `room`, which must be long enough for it.
 */
export function openFrame(
  packKey: Uint8Array,
  place: FramePlace,
  sealedBytes: Uint8Array,
  room?: Buffer,
): { plain: Buffer } | { fault: FrameFault } {
  if (sealedBytes.length < gcmTagBytes) return { fault: 'altered' }
  const body = gcmOpen(frameKey(packKey, place.offset), zeroNonce, associatedData(place), sealedBytes)
  if (!body) return { fault: 'altered' }
  if (place.compression === compression.none) {
    return body.length === place.plainBytes ? { plain: body } : { fault: 'wrong length' }
  }
  const plain = room?.subarray(0, place.plainBytes) ?? Buffer.allocUnsafe(place.plainBytes)
  const length = zstd().decompress(body, plain)
  freeNow(body)
  if (length === undefined) return { fault: 'undecodable' }
  return length === place.plainBytes ? { plain } : { fault: 'wrong length' }
}
