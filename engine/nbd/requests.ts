import { commandFlags, commands, type ErrorName, magics, mostPayloadBytes } from './protocol.ts'

/** "Request message" of the protocol document: magic, flags, type, handle, offset, length. */
export const requestBytes = 28

export interface Request {
  flags: number
  command: number
  /** The eight bytes by which the client knows the reply again, as two numbers. */
  handleHigh: number
  handleLow: number
  /** Exact below 2^53; above, at least greater than any export. */
  offset: number
  length: number
}

/** undefined when these bytes begin no request, so that nothing after them can be understood. */
export function decodeRequest(bytes: Buffer): Request | undefined {
  if (bytes.readUInt32BE(0) !== magics.request) return undefined
  return {
    flags: bytes.readUInt16BE(4),
    command: bytes.readUInt16BE(6),
    handleHigh: bytes.readUInt32BE(8),
    handleLow: bytes.readUInt32BE(12),
    offset: bytes.readUInt32BE(16) * 2 ** 32 + bytes.readUInt32BE(20),
    length: bytes.readUInt32BE(24),
  }
}

/** What a request is judged by. */
export interface RequestRules {
  sizeBytes: number
  isReadOnly: boolean
  isStructured: boolean
  /** base:allocation was agreed on. */
  hasContext: boolean
}

/** The flags that may come with a command; FUA comes with every command of an export that can be written. */
const flagsOf = new Map<number, number>([
  [commands.read, commandFlags.df],
  [commands.write, 0],
  [commands.disconnect, 0],
  [commands.flush, 0],
  [commands.trim, 0],
  [commands.cache, 0],
  [commands.writeZeroes, commandFlags.noHole | commandFlags.fastZero],
  [commands.blockStatus, commandFlags.requestOne],
])

const writing = new Set<number>([commands.write, commands.trim, commands.writeZeroes])

export interface Refusal {
  error: ErrorName
  /** For people. */
  why: string
}

/** Why a request is not carried out; undefined when nothing speaks against it. Everything is checked here, before any I/O. */
export function refusalOf(request: Request, rules: RequestRules): Refusal | undefined {
  const { command, flags, offset, length } = request
  let allowed = flagsOf.get(command)
  if (allowed === undefined) return { error: 'EINVAL', why: `Command ${command} is not known.` }
  if (rules.isReadOnly && writing.has(command)) return { error: 'EPERM', why: 'This export is read-only.' }
  if (!rules.isReadOnly) allowed |= commandFlags.fua
  if (!rules.isStructured) allowed &= ~commandFlags.df
  if ((flags & ~allowed) !== 0) return { error: 'EINVAL', why: 'This flag has no meaning here.' }
  if (command === commands.disconnect) return undefined
  if (command === commands.flush) {
    return offset === 0 && length === 0 ? undefined : { error: 'EINVAL', why: 'A flush has no range.' }
  }
  if (command === commands.blockStatus) {
    if (!rules.hasContext) return { error: 'EINVAL', why: 'No metadata context was agreed on.' }
    if (length === 0) return { error: 'EINVAL', why: 'The range is empty.' }
  }
  if (offset + length > rules.sizeBytes) {
    const grows = command === commands.write || command === commands.writeZeroes
    return { error: grows ? 'ENOSPC' : 'EINVAL', why: `The export ends at ${rules.sizeBytes}.` }
  }
  if ((command === commands.read || command === commands.write) && length > mostPayloadBytes) {
    const why = `At most ${mostPayloadBytes} bytes can be asked for at once.`
    return { error: (flags & commandFlags.df) !== 0 ? 'EOVERFLOW' : 'EINVAL', why }
  }
  return undefined
}
