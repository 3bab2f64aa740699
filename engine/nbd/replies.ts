import type { ExportExtent } from './export.ts'
import { allocationContext, allocationFlags, type ErrorName, errorNumbers, magics, replyTypes } from './protocol.ts'
import type { Request } from './requests.ts'

/** Heads of the messages that answer requests, from the protocol document. All functions here are pure. */

type Handle = Pick<Request, 'handleHigh' | 'handleLow'>

/** A simple reply; what was read follows it. */
export function simpleReply(handle: Handle, error: ErrorName | undefined): Buffer {
  const head = Buffer.allocUnsafe(16)
  head.writeUInt32BE(magics.simpleReply, 0)
  head.writeUInt32BE(error === undefined ? 0 : errorNumbers[error], 4)
  head.writeUInt32BE(handle.handleHigh, 8)
  head.writeUInt32BE(handle.handleLow, 12)
  return head
}

const chunkHeadBytes = 20

/** A structured reply chunk with room for `ownBytes` of its payload, of `payloadBytes` in all. */
function chunk(handle: Handle, flags: number, type: number, ownBytes: number, payloadBytes = ownBytes): Buffer {
  const head = Buffer.allocUnsafe(chunkHeadBytes + ownBytes)
  head.writeUInt32BE(magics.structuredReply, 0)
  head.writeUInt16BE(flags, 4)
  head.writeUInt16BE(type, 6)
  head.writeUInt32BE(handle.handleHigh, 8)
  head.writeUInt32BE(handle.handleLow, 12)
  head.writeUInt32BE(payloadBytes, 16)
  return head
}

/** Ends a reply of which everything has been said. */
export const noneChunk = (handle: Handle, flags: number): Buffer => chunk(handle, flags, replyTypes.none, 0)

/** `length` bytes of data follow it. */
export function dataChunk(handle: Handle, flags: number, offset: number, length: number): Buffer {
  const head = chunk(handle, flags, replyTypes.offsetData, 8, 8 + length)
  writeOffset(head, offset, chunkHeadBytes)
  return head
}

export function holeChunk(handle: Handle, flags: number, offset: number, length: number): Buffer {
  const head = chunk(handle, flags, replyTypes.offsetHole, 12)
  writeOffset(head, offset, chunkHeadBytes)
  head.writeUInt32BE(length, chunkHeadBytes + 8)
  return head
}

/** Says which of the extents are holes. There is at least one. */
export function statusChunk(handle: Handle, flags: number, extents: readonly ExportExtent[]): Buffer {
  const head = chunk(handle, flags, replyTypes.blockStatus, 4 + 8 * extents.length)
  head.writeUInt32BE(allocationContext.id, chunkHeadBytes)
  let at = chunkHeadBytes + 4
  for (const { length, kind } of extents) {
    head.writeUInt32BE(length, at)
    head.writeUInt32BE(kind === 'hole' ? allocationFlags.hole | allocationFlags.zero : 0, at + 4)
    at += 8
  }
  return head
}

/** Longest message for people. The document advises 256. */
const mostMessageBytes = 256

/** An error with words for people; with the offset that it concerns, where there is one. */
export function errorChunk(handle: Handle, flags: number, error: ErrorName, message: string, offset?: number): Buffer {
  const words = textWithin(message, mostMessageBytes)
  const own = 6 + words.length + (offset === undefined ? 0 : 8)
  const head = chunk(handle, flags, offset === undefined ? replyTypes.error : replyTypes.errorOffset, own)
  head.writeUInt32BE(errorNumbers[error], chunkHeadBytes)
  head.writeUInt16BE(words.length, chunkHeadBytes + 4)
  words.copy(head, chunkHeadBytes + 6)
  if (offset !== undefined) writeOffset(head, offset, chunkHeadBytes + 6 + words.length)
  return head
}

/** UTF-8 that is cut between characters and has no NUL, as strings of the protocol must be. */
export function textWithin(text: string, mostBytes: number): Buffer {
  const bytes = Buffer.from(text.replaceAll('\0', ''))
  if (bytes.length <= mostBytes) return bytes
  let end = mostBytes
  // Bytes 10xxxxxx go on with a character.
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--
  return bytes.subarray(0, end)
}

function writeOffset(bytes: Buffer, offset: number, at: number): void {
  bytes.writeUInt32BE(Math.floor(offset / 2 ** 32), at)
  bytes.writeUInt32BE(offset % 2 ** 32, at + 4)
}
