import { type Aes, aes } from '../base/linux/aes.ts'
import { zstd } from '../base/linux/zstd.ts'
import { asBuffer } from '../base/memory.ts'
import {
  type BlockKind,
  blockKind,
  type Compression,
  compression,
  gcmNonceBytes,
  gcmTagBytes,
  idBytes,
} from './format.ts'
import { hmac, zeroNonce } from './gcm.ts'
import type { Keyring } from './keyring.ts'

/**
 * zstd levels of frames: the first version of a source is much data, and speed counts; what later ones add is little, and
 * size counts. The figures behind the choice are in docs/benchmarks.md.
 */
export const zstdLevel = { first: 1, later: 3 } as const

const frameKeyLabel = Buffer.from('frames')

/**
 * Computes block ids: AES-256 of the GMAC of the plaintext (a universal hash under a secret key, then a secret permutation,
 * as in the tag of RFC 8452), so that nobody without the keys can tell what an id stands for, or make two blocks share one.
 * Data and map nodes are hashed under keys of their own. Why this and no HMAC: see ARCHITECTURE.md.
 */
export class BlockIdentifier {
  readonly #hash: Record<BlockKind, ReturnType<Aes['gmac']>>
  readonly #mask: ReturnType<Aes['permutation']>

  constructor(keyring: Pick<Keyring, 'blockId' | 'mapId' | 'idMask'>) {
    this.#hash = { 1: aes().gmac(keyring.blockId, zeroNonce), 2: aes().gmac(keyring.mapId, zeroNonce) }
    this.#mask = aes().permutation(keyring.idMask)
  }

  /** The id of a block, `idBytes` long; written into `id` when that is given. */
  idOf(kind: BlockKind, plain: Uint8Array, id: Buffer = Buffer.allocUnsafe(idBytes)): Buffer {
    this.#hash[kind](plain, id)
    this.#mask(id)
    return id
  }
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

/** The key that seals the frames of one pack: HMAC-SHA-256(pack key, "frames"). */
export function frameKeyOf(packKey: Uint8Array): Buffer {
  return hmac(packKey, frameKeyLabel)
}

/** u32 offset of the frame, then zeros: under the key of one pack, every frame has its own nonce. */
function nonceAt(offset: number): Buffer {
  const nonce = Buffer.alloc(gcmNonceBytes)
  nonce.writeUInt32LE(offset, 0)
  return nonce
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
export function sealFrame(frameKey: Uint8Array, place: FramePlace, body: Uint8Array, pack: Buffer): number {
  const room = pack.subarray(place.offset)
  aes().seal(frameKey, nonceAt(place.offset), associatedData(place), body, room)
  return body.length + gcmTagBytes
}

export type FrameFault = 'altered' | 'undecodable' | 'wrong length'

/**
 * Opens a sealed frame: tag, decompression, length. Never throws on bad bytes; says what is wrong with them.
 *
 * The plaintext may be written into `room`, which must be long enough for it. With `inPlace` the sealed bytes are used up:
 * the frame is decrypted where it stands.
 */
export function openFrame(
  frameKey: Uint8Array,
  place: FramePlace,
  sealedBytes: Uint8Array,
  room?: Buffer,
  inPlace = false,
): { plain: Buffer } | { fault: FrameFault } {
  const bodyBytes = sealedBytes.length - gcmTagBytes
  if (bodyBytes < 0) return { fault: 'altered' }
  const stored = place.compression === compression.none
  const work = inPlace && !stored ? sealedBytes : roomFor(bodyBytes, stored ? room : undefined)
  const aad = associatedData(place)
  if (!aes().open(frameKey, nonceAt(place.offset), aad, sealedBytes, work)) return { fault: 'altered' }
  const body = asBuffer(work).subarray(0, bodyBytes)
  if (stored) return bodyBytes === place.plainBytes ? { plain: body } : { fault: 'wrong length' }
  const plain = roomFor(place.plainBytes, room)
  const length = zstd().decompress(body, plain)
  if (length === undefined) return { fault: 'undecodable' }
  return length === place.plainBytes ? { plain } : { fault: 'wrong length' }
}

function roomFor(bytes: number, room: Buffer | undefined): Buffer {
  return room && room.length >= bytes ? room.subarray(0, bytes) : Buffer.allocUnsafe(bytes)
}
