/**
 * Names and numbers of the NBD protocol, from its document (NetworkBlockDevice/nbd, doc/proto.md; section "Values"). All
 * numbers on the wire are unsigned and big-endian.
 */
export const magics = {
  /** "NBDMAGIC" */
  start: 0x4e42444d41474943n,
  /** "IHAVEOPT" */
  option: 0x49484156454f5054n,
  optionReply: 0x0003e889045565a9n,
  request: 0x25609513,
  simpleReply: 0x67446698,
  structuredReply: 0x668e33ef,
} as const

export const handshakeFlags = { fixedNewstyle: 1, noZeroes: 2 } as const

export const options = {
  exportName: 1,
  abort: 2,
  list: 3,
  startTls: 5,
  info: 6,
  go: 7,
  structuredReply: 8,
  listMetaContext: 9,
  setMetaContext: 10,
  extendedHeaders: 11,
} as const

const optionError = (number: number): number => 2 ** 31 + number

export const optionReplies = {
  ack: 1,
  server: 2,
  info: 3,
  metaContext: 4,
  unsupported: optionError(1),
  policy: optionError(2),
  invalid: optionError(3),
  tlsRequired: optionError(5),
  unknown: optionError(6),
  tooBig: optionError(9),
} as const

export const infoTypes = { export: 0, name: 1, description: 2, blockSize: 3 } as const

export const transmissionFlags = {
  hasFlags: 1 << 0,
  readOnly: 1 << 1,
  sendFlush: 1 << 2,
  sendFua: 1 << 3,
  sendTrim: 1 << 5,
  sendWriteZeroes: 1 << 6,
  sendDf: 1 << 7,
  canMultiConn: 1 << 8,
  sendCache: 1 << 10,
  sendFastZero: 1 << 11,
} as const

export const commands = {
  read: 0,
  write: 1,
  disconnect: 2,
  flush: 3,
  trim: 4,
  cache: 5,
  writeZeroes: 6,
  blockStatus: 7,
} as const

export const commandFlags = { fua: 1, noHole: 2, df: 4, requestOne: 8, fastZero: 16 } as const

export const replyFlags = { done: 1 } as const

const replyError = (number: number): number => 2 ** 15 + number

export const replyTypes = {
  none: 0,
  offsetData: 1,
  offsetHole: 2,
  blockStatus: 5,
  error: replyError(1),
  errorOffset: replyError(2),
} as const

/** Values of the error field; the document allows no others. */
export const errorNumbers = {
  EPERM: 1,
  EIO: 5,
  ENOMEM: 12,
  EINVAL: 22,
  ENOSPC: 28,
  EOVERFLOW: 75,
  ENOTSUP: 95,
  ESHUTDOWN: 108,
} as const

export type ErrorName = keyof typeof errorNumbers

/** The one metadata context that the document defines. */
export const allocationContext = { name: 'base:allocation', id: 1 } as const

export const allocationFlags = { hole: 1, zero: 2 } as const

/** A string, such as the name of an export, has at most so many bytes of UTF-8. */
export const mostStringBytes = 4096

/** What clients may send and ask for at once when nothing else was agreed on. */
export const mostPayloadBytes = 32 * 1024 * 1024
