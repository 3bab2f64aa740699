import type { Readable } from 'node:stream'

const nothing = Buffer.alloc(0)

/**
 * Takes exact numbers of bytes from a stream. What nobody has asked for stays in the stream, which then stops its sender. One
 * call at a time.
 */
export class ByteReader {
  readonly #stream: Readable
  #chunk: Buffer = nothing
  #at = 0
  #isCancelled = false
  #wake: (() => void) | undefined
  readonly #onChange = () => {
    this.#wake?.()
    this.#wake = undefined
  }

  constructor(stream: Readable) {
    this.#stream = stream
    for (const event of ['readable', 'end', 'close', 'error']) stream.on(event, this.#onChange)
  }

  /** The bytes if all of them are here already. They are a view, good until the next call. */
  take(length: number): Buffer | undefined {
    if (this.#isOver || (this.#at === this.#chunk.length && !this.#refill())) return undefined
    if (this.#chunk.length - this.#at < length) return undefined
    this.#at += length
    return this.#chunk.subarray(this.#at - length, this.#at)
  }

  /** So many bytes in memory of their own; undefined when the stream ends or breaks before, or nothing is to be read any more. */
  async read(length: number): Promise<Buffer | undefined> {
    const bytes = Buffer.allocUnsafe(length)
    let filled = 0
    while (filled < length) {
      const part = await this.#next(length - filled)
      if (part === undefined) return undefined
      bytes.set(part, filled)
      filled += part.length
    }
    return bytes
  }

  /** Drops so many bytes. False when the stream ends before. */
  async skip(length: number): Promise<boolean> {
    for (let left = length; left > 0; ) {
      const part = await this.#next(left)
      if (part === undefined) return false
      left -= part.length
    }
    return true
  }

  /** Whoever waits for bytes, now or later, gets none. */
  cancel(): void {
    this.#isCancelled = true
    this.#onChange()
  }

  /** Hands the stream on to somebody else. False when bytes have come that were meant for this reader. */
  release(): boolean {
    for (const event of ['readable', 'end', 'close', 'error']) this.#stream.off(event, this.#onChange)
    return this.#at === this.#chunk.length && this.#stream.readableLength === 0
  }

  async #next(most: number): Promise<Buffer | undefined> {
    while (!this.#isOver) {
      if (this.#at < this.#chunk.length || this.#refill()) {
        const part = this.#chunk.subarray(this.#at, this.#at + most)
        this.#at += part.length
        return part
      }
      if (this.#stream.readableEnded) return undefined
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
    return undefined
  }

  /** Of a stream that is broken, nobody wants what is left. */
  get #isOver(): boolean {
    return this.#isCancelled || this.#stream.destroyed
  }

  #refill(): boolean {
    const chunk: Buffer | null = this.#stream.read()
    if (chunk === null) return false
    this.#chunk = chunk
    this.#at = 0
    return true
  }
}
