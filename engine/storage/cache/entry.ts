import { createHash } from 'node:crypto'

/** A stretch of an object: bytes from `index` times `windowBytes` on, in the storage at `place`. */
export interface WindowId {
  place: string
  name: string
  index: number
}

/** Objects are kept in aligned pieces of this size; the last one of an object is shorter, and one may be the beginning of a piece. */
export const windowBytes = 256 * 1024

const magic = Buffer.from('HFC1')
const lengthOffset = 4
const checksumOffset = 8
/** Magic, u32 length of the data, SHA-256 over what it is of and the data. */
export const entryHeaderBytes = 40

/** The header that goes before the data in a file of the cache. */
export function entryHeader(id: WindowId, data: Uint8Array): Buffer {
  const header = Buffer.alloc(entryHeaderBytes)
  magic.copy(header)
  header.writeUInt32LE(data.length, lengthOffset)
  checksum(id, data).copy(header, checksumOffset)
  return header
}

/** The data in a file of the cache; undefined when the file is not wholly what was written for this window. */
export function entryData(id: WindowId, file: Buffer): Buffer | undefined {
  if (file.length < entryHeaderBytes || !file.subarray(0, magic.length).equals(magic)) return undefined
  const data = file.subarray(entryHeaderBytes)
  if (data.length === 0 || data.length > windowBytes) return undefined
  if (file.readUInt32LE(lengthOffset) !== data.length) return undefined
  return checksum(id, data).equals(file.subarray(checksumOffset, entryHeaderBytes)) ? data : undefined
}

function checksum({ place, name, index }: WindowId, data: Uint8Array): Buffer {
  return createHash('sha256').update(`${place}\0${name}\0${index}\0`).update(data).digest()
}

/** Folder of a place in the cache. */
export const placeFolder = (place: string): string => sha256Hex(place).slice(0, 16)

/** What the files of an object begin with, before a dot and the index. */
export const objectKey = (name: string): string => sha256Hex(name).slice(0, 32)

const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex')
