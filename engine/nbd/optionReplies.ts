import type { Export, ExportSummary } from './export.ts'
import {
  allocationContext,
  infoTypes,
  magics,
  mostPayloadBytes,
  mostStringBytes,
  optionReplies,
  transmissionFlags,
} from './protocol.ts'
import { textWithin } from './replies.ts'

/** Answers to options, from the sections "Option reply types" and "INFO" of the protocol document. All functions here are pure. */

/** The server's first words. */
export function greeting(flags: number): Buffer {
  const bytes = Buffer.alloc(18)
  bytes.writeBigUInt64BE(magics.start, 0)
  bytes.writeBigUInt64BE(magics.option, 8)
  bytes.writeUInt16BE(flags, 16)
  return bytes
}

export function optionReply(option: number, type: number, data: Uint8Array = new Uint8Array(0)): Buffer {
  const head = Buffer.alloc(20 + data.length)
  head.writeBigUInt64BE(magics.optionReply, 0)
  head.writeUInt32BE(option, 8)
  head.writeUInt32BE(type, 12)
  head.writeUInt32BE(data.length, 16)
  head.set(data, 20)
  return head
}

/** An error with words for people. */
export const optionError = (option: number, type: number, message: string): Buffer =>
  optionReply(option, type, textWithin(message, mostStringBytes))

export function listReply(option: number, { name, description }: ExportSummary): Buffer {
  const bytes = Buffer.from(name)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return optionReply(
    option,
    optionReplies.server,
    Buffer.concat([length, bytes, textWithin(description, mostStringBytes)]),
  )
}

/** `id` is 0 in lists. */
export function contextReply(option: number, id: number): Buffer {
  const number = Buffer.alloc(4)
  number.writeUInt32BE(id)
  return optionReply(option, optionReplies.metaContext, Buffer.concat([number, Buffer.from(allocationContext.name)]))
}

export function exportInfo(option: number, sizeBytes: number, flags: number): Buffer {
  const data = Buffer.alloc(12)
  data.writeUInt16BE(infoTypes.export, 0)
  data.writeBigUInt64BE(BigInt(sizeBytes), 2)
  data.writeUInt16BE(flags, 10)
  return optionReply(option, optionReplies.info, data)
}

export function textInfo(option: number, type: number, text: string): Buffer {
  const number = Buffer.alloc(2)
  number.writeUInt16BE(type)
  return optionReply(option, optionReplies.info, Buffer.concat([number, textWithin(text, mostStringBytes)]))
}

/** Any range can be read and written, so the least block is a byte. */
export function blockSizeInfo(option: number, preferredBytes: number): Buffer {
  const data = Buffer.alloc(14)
  data.writeUInt16BE(infoTypes.blockSize, 0)
  data.writeUInt32BE(1, 2)
  // The document asks for 512 at least; above the largest payload nothing could be preferred.
  data.writeUInt32BE(Math.min(Math.max(preferredBytes, 512), mostPayloadBytes), 6)
  data.writeUInt32BE(mostPayloadBytes, 10)
  return optionReply(option, optionReplies.info, data)
}

/** The answer to NBD_OPT_EXPORT_NAME, which has no head. */
export function oldExportReply(sizeBytes: number, flags: number, zeroes: boolean): Buffer {
  const bytes = Buffer.alloc(zeroes ? 134 : 10)
  bytes.writeBigUInt64BE(BigInt(sizeBytes), 0)
  bytes.writeUInt16BE(flags, 8)
  return bytes
}

/** What can be done with an export. */
export function flagsOf(device: Export, isStructured: boolean): number {
  const flags = transmissionFlags.hasFlags | transmissionFlags.sendCache | (isStructured ? transmissionFlags.sendDf : 0)
  // A flush of one connection need not know of the writes of another, so only what never changes may have many.
  if (device.isReadOnly) return flags | transmissionFlags.readOnly | transmissionFlags.canMultiConn
  const { sendFlush, sendFua, sendTrim, sendWriteZeroes, sendFastZero } = transmissionFlags
  return flags | sendFlush | sendFua | sendTrim | sendWriteZeroes | sendFastZero
}
