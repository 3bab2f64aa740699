import { HoldfastError } from '../../contract/errors.ts'
import { rangeInvalid } from '../names.ts'
import type { Range } from '../storage.ts'

/** What the headers of an answer say of its body. */
export interface BodyFacts {
  contentLength: number | undefined
  /** Such as `bytes 0-9/100`. */
  contentRange: string | undefined
}

/**
 * How long the body must be. rangeInvalid when the object ends before the range does; storage.failed when the server answers
 * something else than it was asked.
 */
export function expectedLength(name: string, url: string, range: Range | undefined, facts: BodyFacts): number {
  const { contentLength, contentRange } = facts
  if (range === undefined) {
    if (contentLength !== undefined) return contentLength
    throw strangeAnswer(name, url, 'without a length')
  }
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange ?? '') ?? []
  if (total === undefined) throw strangeAnswer(name, url, 'that is not the range that was asked for')
  if (range.offset + range.length > Number(total)) throw rangeInvalid(name, range, Number(total))
  const isRight = Number(first) === range.offset && Number(last) === range.offset + range.length - 1
  if (isRight && (contentLength ?? range.length) === range.length) return range.length
  throw strangeAnswer(name, url, 'that is not the range that was asked for')
}

/**
 * Reads a body of exactly `length` bytes, into `room` where that is long enough. More or fewer are a retryable error; what
 * the connection throws is passed on.
 */
export async function readBody(
  body: AsyncIterable<Uint8Array>,
  length: number,
  room: ArrayBuffer | undefined,
  name: string,
  url: string,
): Promise<Uint8Array> {
  const fits = room !== undefined && room.byteLength >= length
  const data = fits ? new Uint8Array(room, 0, length) : new Uint8Array(new ArrayBuffer(length))
  let done = 0
  for await (const chunk of body) {
    if (done + chunk.length > length) throw strangeAnswer(name, url, 'that is too long', true)
    data.set(chunk, done)
    done += chunk.length
  }
  if (done === length) return data
  throw strangeAnswer(name, url, `that ends after ${done} of ${length} bytes`, true)
}

function strangeAnswer(name: string, url: string, what: string, retryable = false): HoldfastError {
  return new HoldfastError('storage.failed', `${url} gave an answer ${what} when ${name} was read.`, {
    advice: 'Run it again; if it fails again, check the server, and any proxy before it.',
    details: { url, name },
    retryable,
  })
}
