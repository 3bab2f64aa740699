/** What is smaller is made as quickly as it is kept. */
const leastBytes = 64 * 1024
const mostKeptBytes = 32 * 1024 * 1024

/**
 * Memory for what is read, used again and again: fresh memory must be cleared by the kernel and be found to be garbage, which took a
 * quarter of the time of a reader of much.
 */
export class ReplyRooms {
  readonly #free = new Map<number, ArrayBuffer[]>()
  #keptBytes = 0
  /** Node cuts small buffers from a piece that may be just as large and that others have parts of: only our own come back. */
  readonly #own = new WeakSet<ArrayBufferLike>()

  take(bytes: number): Buffer {
    if (bytes < leastBytes) return Buffer.allocUnsafe(bytes)
    const size = Math.ceil(bytes / leastBytes) * leastBytes
    const known = this.#free.get(size)?.pop()
    if (known) this.#keptBytes -= size
    if (known) return Buffer.from(known, 0, bytes)
    const made = Buffer.allocUnsafeSlow(size)
    this.#own.add(made.buffer)
    return made.subarray(0, bytes)
  }

  /** Takes back what `take` gave. Nobody else may have it. */
  give({ buffer }: Uint8Array): void {
    const size = buffer.byteLength
    if (!(buffer instanceof ArrayBuffer) || !this.#own.has(buffer)) return
    if (this.#keptBytes + size > mostKeptBytes) return
    this.#keptBytes += size
    const free = this.#free.get(size)
    if (free) free.push(buffer)
    else this.#free.set(size, [buffer])
  }
}
