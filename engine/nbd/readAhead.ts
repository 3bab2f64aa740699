import type { ByteRange } from '../contract/models.ts'

/** Readers that are told apart; copiers use some connections, each on a part of its own. */
const mostStreams = 16
/** Requests of one reader overtake each other by no more than this. */
const slackBytes = 1024 * 1024
/** What a reader must have read in order before it is believed to go on. */
const provenBytes = 256 * 1024
const firstAheadBytes = 512 * 1024

interface Stream {
  /** Up to where it has read. */
  end: number
  /** What it has read in order. */
  run: number
  /** Up to where was read ahead for it. */
  ahead: number
  distance: number
  usedAt: number
}

/**
 * Tells what will probably be read next. Requests belong to one reader when each begins about where another ended; several readers
 * may be interleaved. The distance doubles with every step, so that somebody who reads a little causes little. Bytes.
 */
export class ReadAhead {
  readonly #streams: Stream[] = []
  readonly #mostBytes: number
  readonly #sizeBytes: number
  #turn = 0

  /** Never more than `mostBytes` ahead of one reader, and never past `sizeBytes`. */
  constructor(sizeBytes: number, mostBytes: number) {
    this.#sizeBytes = sizeBytes
    this.#mostBytes = mostBytes
  }

  /** Takes note of a request; returns what is worth being brought into memory now. */
  next({ offset, length }: ByteRange): ByteRange | undefined {
    const end = offset + length
    const stream = this.#find(offset, end)
    stream.usedAt = ++this.#turn
    if (end <= stream.end) return undefined
    // Gaps prove nothing.
    stream.run += Math.min(length, end - stream.end)
    stream.end = end
    if (stream.run < provenBytes || this.#mostBytes < firstAheadBytes) return undefined
    // In steps of half the distance, so that not every request asks for a little.
    if (stream.ahead - end > stream.distance / 2) return undefined
    stream.distance = Math.min(Math.max(stream.distance * 2, firstAheadBytes), this.#mostBytes)
    const from = Math.max(stream.ahead, end)
    const to = Math.min(end + stream.distance, this.#sizeBytes)
    stream.ahead = Math.max(stream.ahead, to)
    return from < to ? { offset: from, length: to - from } : undefined
  }

  #find(offset: number, end: number): Stream {
    const near = this.#streams.find(stream => offset <= stream.end + slackBytes && end + slackBytes >= stream.end)
    if (near) return near
    const fresh = { end: offset, run: 0, ahead: 0, distance: 0, usedAt: 0 }
    if (this.#streams.length < mostStreams) this.#streams.push(fresh)
    else {
      const oldest = this.#streams.reduce(
        (found, stream, i, all) => (stream.usedAt < all[found]!.usedAt ? i : found),
        0,
      )
      this.#streams[oldest] = fresh
    }
    return fresh
  }
}
