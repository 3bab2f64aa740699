import type { PackId } from '../contract/ids.ts'
import type { FramePlace } from './blockCrypto.ts'
import { type BlockKind, type Compression, idBytes, pack as layout } from './format.ts'
import { gcmOpen, gcmSeal, hmac, zeroNonce } from './gcm.ts'

export interface PackBlock {
  id: Buffer
  plainBytes: number
}

/** Blocks that are compressed and sealed together; their plaintexts follow one another without gaps. */
export interface PackFrame extends FramePlace {
  /** Sealed bytes, tag included. */
  storedBytes: number
  blocks: PackBlock[]
}

/** What an index segment says of a pack. */
export interface PackInfo {
  id: PackId
  /** The pack's key, wrapped under the repository's pack key: nonce, ciphertext, tag (60 bytes). */
  wrappedKey: Buffer
  sizeBytes: number
  frames: PackFrame[]
}

const indexLabel = Buffer.from('index')

/** The first 24 bytes of a pack: magic, version, zeros, id. */
export function headerPrefix(id: string): Buffer {
  const prefix = Buffer.alloc(layout.wrappedKeyOffset)
  prefix.set(layout.magic, 0)
  prefix[4] = layout.version
  prefix.write(id, layout.idOffset, 'hex')
  return prefix
}

/** Opens a wrapped pack key. Undefined when it does not belong to this pack or was altered. */
export function unwrapPackKey(packKeyKey: Uint8Array, id: string, wrapped: Uint8Array): Buffer | undefined {
  return gcmOpen(packKeyKey, wrapped.subarray(0, 12), headerPrefix(id), wrapped.subarray(12))
}

/** How many blocks the frames hold. */
export function blockCount(frames: readonly PackFrame[]): number {
  return frames.reduce((count, frame) => count + frame.blocks.length, 0)
}

/** Encodes frames as in the pack's own index and in index segments. */
export function encodeFrames(frames: readonly PackFrame[]): Buffer {
  const out = Buffer.allocUnsafe(frames.length * layout.frameEntryBytes + blockCount(frames) * layout.blockEntryBytes)
  let at = 0
  for (const frame of frames) {
    out[at] = frame.kind
    out[at + 1] = frame.compression
    out.writeUInt16LE(frame.blocks.length, at + 2)
    out.writeUInt32LE(frame.storedBytes, at + 4)
    out.writeUInt32LE(frame.plainBytes, at + 8)
    at += layout.frameEntryBytes
    for (const block of frame.blocks) {
      out.set(block.id, at)
      out.writeUInt32LE(block.plainBytes, at + idBytes)
      at += layout.blockEntryBytes
    }
  }
  return out
}

/**
 * Reads frames from `bytes`; offsets are counted up from the end of the pack's header. Undefined when the lengths do not
 * add up.
 */
export function decodeFrames(bytes: Buffer): PackFrame[] | undefined {
  const frames: PackFrame[] = []
  let offset: number = layout.headerBytes
  let at = 0
  while (at < bytes.length) {
    if (at + layout.frameEntryBytes > bytes.length) return undefined
    const count = bytes.readUInt16LE(at + 2)
    const frame: PackFrame = {
      kind: bytes[at] as BlockKind,
      compression: bytes[at + 1] as Compression,
      storedBytes: bytes.readUInt32LE(at + 4),
      plainBytes: bytes.readUInt32LE(at + 8),
      offset,
      blocks: [],
    }
    at += layout.frameEntryBytes
    if (at + count * layout.blockEntryBytes > bytes.length) return undefined
    let plainBytes = 0
    for (let i = 0; i < count; i++, at += layout.blockEntryBytes) {
      const block = { id: bytes.subarray(at, at + idBytes), plainBytes: bytes.readUInt32LE(at + idBytes) }
      plainBytes += block.plainBytes
      frame.blocks.push(block)
    }
    if (plainBytes !== frame.plainBytes) return undefined
    offset += frame.storedBytes
    frames.push(frame)
  }
  return frames
}

/** Checks the plain part of a pack's first 84 bytes and returns the wrapped key; undefined when it is not this pack. */
export function parsePackHeader(id: string, header: Uint8Array): Buffer | undefined {
  if (header.length < layout.headerBytes) return undefined
  if (!headerPrefix(id).equals(header.subarray(0, layout.wrappedKeyOffset))) return undefined
  return Buffer.from(header.subarray(layout.wrappedKeyOffset, layout.headerBytes))
}

/** Length of the sealed index that the last 8 bytes of a pack announce; undefined when they are no trailer. */
export function parsePackTrailer(trailer: Uint8Array, packBytes: number): number | undefined {
  const bytes = Buffer.from(trailer.buffer, trailer.byteOffset, trailer.byteLength)
  if (bytes.length !== layout.trailerBytes || !bytes.subarray(4).equals(layout.trailerMagic)) return undefined
  const length = bytes.readUInt32LE(0)
  return length >= 16 && layout.headerBytes + length + layout.trailerBytes <= packBytes ? length : undefined
}

/** Opens a pack's own sealed index. Undefined when altered, or when its lengths do not add up to the pack. */
export function openPackIndex(
  packKeyKey: Uint8Array,
  id: PackId,
  wrappedKey: Buffer,
  sealedIndex: Uint8Array,
  packBytes: number,
): PackInfo | undefined {
  const key = unwrapPackKey(packKeyKey, id, wrappedKey)
  if (!key) return undefined
  const plain = gcmOpen(hmac(key, indexLabel), zeroNonce, headerPrefix(id), sealedIndex)
  const frames = plain && decodeFrames(plain)
  if (!frames) return undefined
  const framesEnd = frames.reduce<number>((end, frame) => end + frame.storedBytes, layout.headerBytes)
  if (framesEnd + sealedIndex.length + layout.trailerBytes !== packBytes) return undefined
  return { id, wrappedKey, sizeBytes: packBytes, frames }
}

/** What a whole pack says of itself: header and own index. Undefined when either is not sound. */
export function readPackIndex(packKeyKey: Uint8Array, id: PackId, object: Uint8Array): PackInfo | undefined {
  const end = object.length - layout.trailerBytes
  const wrappedKey = parsePackHeader(id, object)
  const indexBytes = parsePackTrailer(object.subarray(Math.max(0, end)), object.length)
  if (!wrappedKey || indexBytes === undefined) return undefined
  return openPackIndex(packKeyKey, id, wrappedKey, object.subarray(end - indexBytes, end), object.length)
}

/** The sealed index and trailer that end a pack. The same frames always give the same bytes. */
export function sealPackIndex(packKey: Uint8Array, id: PackId, frames: readonly PackFrame[]): Buffer {
  const index = gcmSeal(hmac(packKey, indexLabel), zeroNonce, headerPrefix(id), encodeFrames(frames))
  const trailer = Buffer.alloc(layout.trailerBytes)
  trailer.writeUInt32LE(index.length, 0)
  trailer.set(layout.trailerMagic, 4)
  return Buffer.concat([index, trailer])
}

/**
 * The whole pack from what the index says of it and an object that still has its frames: header, index and trailer are made
 * anew. Undefined when the object is too short, or the parts do not add up to the pack's size.
 */
export function assemblePack(packKeyKey: Uint8Array, info: PackInfo, object: Uint8Array): Buffer | undefined {
  const key = unwrapPackKey(packKeyKey, info.id, info.wrappedKey)
  const framesEnd = info.frames.reduce<number>((end, frame) => end + frame.storedBytes, layout.headerBytes)
  if (!key || object.length < framesEnd) return undefined
  const frames = object.subarray(layout.headerBytes, framesEnd)
  const whole = Buffer.concat([
    headerPrefix(info.id),
    info.wrappedKey,
    frames,
    sealPackIndex(key, info.id, info.frames),
  ])
  return whole.length === info.sizeBytes ? whole : undefined
}

/** Whose pack these bytes are, under whatever name they lie; undefined when header or own index are not sound. */
export function identifyPack(packKeyKey: Uint8Array, object: Uint8Array): PackId | undefined {
  const id = Buffer.from(object.subarray(layout.idOffset, layout.idOffset + layout.idBytes)).toString('hex') as PackId
  return readPackIndex(packKeyKey, id, object) ? id : undefined
}
