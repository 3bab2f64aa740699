import type { PackId, SegmentId } from '../contract/ids.ts'
import { pack as layout } from './format.ts'
import { decodeFrames, encodeFrames, type PackInfo } from './pack.ts'

/** What packs hold, for many packs in one object. Segments add up; one that another supersedes counts for nothing. */
export interface IndexSegment {
  packs: PackInfo[]
  supersedes: SegmentId[]
}

const packHeadBytes = layout.idBytes + layout.wrappedKeyBytes + 8

/** Plain form: u32 packs; each: id, wrapped key, u32 size, u32 length of its index, index; u32 superseded ids, ids. */
export function encodeSegment(segment: IndexSegment): Buffer {
  const parts: Buffer[] = [u32(segment.packs.length)]
  for (const info of segment.packs) {
    const frames = encodeFrames(info.frames)
    parts.push(Buffer.from(info.id, 'hex'), info.wrappedKey, u32(info.sizeBytes), u32(frames.length), frames)
  }
  parts.push(u32(segment.supersedes.length), ...segment.supersedes.map(id => Buffer.from(id, 'hex')))
  return Buffer.concat(parts)
}

/** Undefined when the lengths do not add up; the object's seal makes that a bug of the writer, not of the medium. */
export function decodeSegment(bytes: Buffer): IndexSegment | undefined {
  try {
    const packs: PackInfo[] = []
    let at = 4
    for (let i = bytes.readUInt32LE(0); i > 0; i--) {
      const framesAt = at + packHeadBytes
      const end = framesAt + bytes.readUInt32LE(framesAt - 4)
      const frames = end <= bytes.length ? decodeFrames(bytes.subarray(framesAt, end)) : undefined
      if (!frames) return undefined
      packs.push({
        id: bytes.toString('hex', at, at + layout.idBytes) as PackId,
        wrappedKey: bytes.subarray(at + layout.idBytes, at + layout.idBytes + layout.wrappedKeyBytes),
        sizeBytes: bytes.readUInt32LE(framesAt - 8),
        frames,
      })
      at = end
    }
    const supersedes: SegmentId[] = []
    const count = bytes.readUInt32LE(at)
    at += 4
    if (at + count * 16 !== bytes.length) return undefined
    for (let i = 0; i < count; i++, at += 16) supersedes.push(bytes.toString('hex', at, at + 16) as SegmentId)
    return { packs, supersedes }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function u32(value: number): Buffer {
  const out = Buffer.allocUnsafe(4)
  out.writeUInt32LE(value, 0)
  return out
}
