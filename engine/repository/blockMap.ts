import { idBytes, mapBitmapBytes, mapFanout, mapHeaderBytes } from './format.ts'

/**
 * A map node: `mapFanout` children, each the id of a block (level 0) or of a node one level down, or undefined for
 * a hole, that is a part of the source that reads as zeros.
 */
export interface MapNode {
  level: number
  children: (Buffer | undefined)[]
}

/** Blocks of a source, the last of which may be short. */
export function blockCountOf(sizeBytes: number, blockSizeBytes: number): number {
  return Math.ceil(sizeBytes / blockSizeBytes)
}

/** Levels of the tree over `blockCount` blocks: the least L with mapFanout^L ≥ count, and 1 for none. */
export function levelsFor(blockCount: number): number {
  let levels = 1
  for (let capacity = mapFanout; capacity < blockCount; capacity *= mapFanout) levels++
  return levels
}

/** Blocks under one child of a node at `level`. */
export function childSpan(level: number): number {
  return mapFanout ** level
}

/** Plain form: u8 level, three zero bytes, bitmap of the children that are no holes (bit i of byte i/8), their ids. */
export function encodeNode(node: MapNode): Buffer {
  const present = node.children.filter(child => child !== undefined)
  const out = Buffer.alloc(mapHeaderBytes + mapBitmapBytes + present.length * idBytes)
  out[0] = node.level
  let at = mapHeaderBytes + mapBitmapBytes
  for (let i = 0; i < node.children.length; i++) {
    const child = node.children[i]
    if (!child) continue
    out[mapHeaderBytes + (i >> 3)]! |= 1 << (i & 7)
    out.set(child, at)
    at += idBytes
  }
  return out
}

/** Undefined when the bytes are no node of this level. */
export function decodeNode(bytes: Buffer, level: number): MapNode | undefined {
  const idsAt = mapHeaderBytes + mapBitmapBytes
  if (bytes.length < idsAt || bytes.readUInt32LE(0) !== level) return undefined
  const children = new Array<Buffer | undefined>(mapFanout).fill(undefined)
  let at = idsAt
  for (let i = 0; i < mapFanout; i++) {
    if ((bytes[mapHeaderBytes + (i >> 3)]! & (1 << (i & 7))) === 0) continue
    if (at + idBytes > bytes.length) return undefined
    children[i] = bytes.subarray(at, at + idBytes)
    at += idBytes
  }
  return at === bytes.length ? { level, children } : undefined
}

export function emptyNode(level: number): MapNode {
  return { level, children: new Array<Buffer | undefined>(mapFanout).fill(undefined) }
}
