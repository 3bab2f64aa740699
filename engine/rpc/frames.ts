import { HoldfastError } from '../contract/errors.ts'

/**
 * How messages travel: a 32-bit little-endian length, then that many bytes of UTF-8 JSON. Everything here runs in a
 * browser too.
 */

/** Greatest length of a message in either direction, bytes. */
export const maxFrameBytes = 1024 * 1024
/** Greatest length of the first message, which comes from somebody unknown. */
export const maxHelloBytes = 4096
/** Nothing that is sent on purpose nests deeper. */
const deepest = 64
const headerBytes = 4

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Puts a message into a frame. `usage.invalid` when it is longer than `limit`, with `what` as its name. */
export function encodeFrame(message: unknown, what: string, limit = maxFrameBytes): Uint8Array {
  const body = encoder.encode(JSON.stringify(message))
  if (body.length > limit) {
    throw new HoldfastError('usage.invalid', `${what} has ${body.length} bytes; ${limit} are the limit.`, {
      advice: 'Ask for less at once.',
      details: { bytes: body.length, limitBytes: limit },
    })
  }
  const frame = new Uint8Array(headerBytes + body.length)
  new DataView(frame.buffer).setUint32(0, body.length, true)
  frame.set(body, headerBytes)
  return frame
}

/** Takes a message out of the body of a frame. `usage.invalid` for anything but moderately nested JSON in UTF-8. */
export function decodeBody(body: Uint8Array): unknown {
  if (nestingOf(body) > deepest) throw malformed(`it nests deeper than ${deepest} levels`)
  try {
    return JSON.parse(decoder.decode(body)) as unknown
  } catch {
    throw malformed('it is no JSON')
  }
}

/** Counts before parsing, because a parser needs a hundred times the memory of the text for a million open brackets. */
function nestingOf(body: Uint8Array): number {
  let depth = 0
  let most = 0
  let inText = false
  for (let i = 0; i < body.length; i++) {
    const byte = body[i]
    if (inText) {
      if (byte === 0x5c) i++
      else if (byte === 0x22) inText = false
    } else if (byte === 0x22) inText = true
    else if (byte === 0x5b || byte === 0x7b) most = Math.max(most, ++depth)
    else if (byte === 0x5d || byte === 0x7d) depth--
  }
  return most
}

/** The error for bytes that follow no rule of the protocol. */
export function malformed(why: string): HoldfastError {
  return new HoldfastError('usage.invalid', `A message cannot be understood: ${why}.`, {
    advice: 'Use a program of the same version as the background service.',
  })
}

/** Cuts a stream of bytes into frames. Holds at most what was pushed and not taken yet. */
export class FrameReader {
  /** Greatest length of the frames to come, bytes. */
  limit: number
  #buffer = new Uint8Array(0)
  #start = 0
  #end = 0

  constructor(limit: number) {
    this.limit = limit
  }

  /** Bytes that are held. */
  get bufferedBytes(): number {
    return this.#end - this.#start
  }

  /** Takes bytes in, whatever their number. They are copied, so that a thousand small pieces weigh what they are. */
  push(bytes: Uint8Array): void {
    const held = this.bufferedBytes
    if (this.#end + bytes.length > this.#buffer.length) {
      const needed = held + bytes.length
      const room = needed > this.#buffer.length ? new Uint8Array(Math.max(needed, held * 2)) : this.#buffer
      room.set(this.#buffer.subarray(this.#start, this.#end))
      this.#buffer = room
      this.#start = 0
      this.#end = held
    }
    this.#buffer.set(bytes, this.#end)
    this.#end += bytes.length
  }

  /**
   * The body of the next frame, good until the next call; undefined while it is not complete. `usage.invalid` as soon as
   * a length above the limit is announced.
   */
  next(): Uint8Array | undefined {
    if (this.bufferedBytes < headerBytes) return undefined
    const length = new DataView(this.#buffer.buffer).getUint32(this.#start, true)
    if (length > this.limit) throw malformed(`it has ${length} bytes, ${this.limit} are the limit`)
    if (this.bufferedBytes < headerBytes + length) return undefined
    const from = this.#start + headerBytes
    const body = this.#buffer.subarray(from, from + length)
    this.#start = from + length
    // The view stays good; the next push begins a new buffer.
    if (this.#start === this.#end) this.clear()
    return body
  }

  clear(): void {
    this.#buffer = new Uint8Array(0)
    this.#start = 0
    this.#end = 0
  }
}
