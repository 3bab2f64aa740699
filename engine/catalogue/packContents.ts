import type { NewPack } from './blockRows.ts'

/** What a pack holds, in one value of the catalogue: reading it costs less than finding a handful of blocks one by one. */
export interface PackContent {
  kind: number
  compression: number
  frameOffset: number
  frameStoredBytes: number
  framePlainBytes: number
  blocks: { id: Buffer; start: number; plainBytes: number }[]
}

const frameBytes = 16
const lengthBytes = 4

/**
 * u8 bytes of an id, then each frame: u8 kind, u8 compression, u16 count of blocks, u32 offset, u32 stored bytes, u32 plain bytes; then its blocks:
 * id, u32 plain bytes. Little endian. Never leaves the catalogue.
 */
export function encodeContents(frames: NewPack['frames']): Buffer {
  const blocks = frames.reduce((count, frame) => count + frame.blocks.length, 0)
  const idBytes = frames.find(frame => frame.blocks.length > 0)?.blocks[0]?.id.length ?? 0
  const out = Buffer.allocUnsafe(1 + frames.length * frameBytes + blocks * (idBytes + lengthBytes))
  out[0] = idBytes
  let at = 1
  for (const frame of frames) {
    out[at] = frame.kind
    out[at + 1] = frame.compression
    out.writeUInt16LE(frame.blocks.length, at + 2)
    out.writeUInt32LE(frame.offset, at + 4)
    out.writeUInt32LE(frame.storedBytes, at + 8)
    out.writeUInt32LE(frame.plainBytes, at + 12)
    at += frameBytes
    for (const { id, plainBytes } of frame.blocks) {
      out.set(id, at)
      out.writeUInt32LE(plainBytes, at + idBytes)
      at += idBytes + lengthBytes
    }
  }
  return out
}

/** The inverse. The ids are parts of `bytes`. */
export function decodeContents(bytes: Buffer): PackContent[] {
  const frames: PackContent[] = []
  const idBytes = bytes[0]!
  const blockBytes = idBytes + lengthBytes
  for (let at = 1; at < bytes.length; ) {
    const frame: PackContent = {
      kind: bytes[at]!,
      compression: bytes[at + 1]!,
      frameOffset: bytes.readUInt32LE(at + 4),
      frameStoredBytes: bytes.readUInt32LE(at + 8),
      framePlainBytes: bytes.readUInt32LE(at + 12),
      blocks: [],
    }
    let start = 0
    const end = at + frameBytes + bytes.readUInt16LE(at + 2) * blockBytes
    for (at += frameBytes; at < end; at += blockBytes) {
      const plainBytes = bytes.readUInt32LE(at + idBytes)
      frame.blocks.push({ id: bytes.subarray(at, at + idBytes), start, plainBytes })
      start += plainBytes
    }
    frames.push(frame)
  }
  return frames
}
