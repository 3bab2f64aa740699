/** What is smaller is made as quickly as it is kept. */
const leastBytes = 64 * 1024
const mostKeptBytes = 32 * 1024 * 1024

/**
 * Memory for what is read, used again and again: fresh memory must be cleared by the kernel and be found to be garbage, which took a
 * quarter of the time of a reader of much.
 */
export class ReplyRooms {
  readonly #free = new Map<number, ArrayBuffer[]>()
  /** Given out and not yet back. Small buffers of Node share memory with everybody's, which must never be taken for ours. */
  readonly #out = new WeakSet<ArrayBufferLike>()
  #keptBytes = 0

  take(bytes: number): Buffer {
    if (bytes < leastBytes) return Buffer.allocUnsafe(bytes)
    const size = Math.ceil(bytes / leastBytes) * leastBytes
    const known = this.#free.get(size)?.pop()
    if (known) this.#keptBytes -= size
    const room = known ?? Buffer.allocUnsafeSlow(size).buffer
    this.#out.add(room)
    return Buffer.from(room, 0, bytes)
  }

  /** Takes back what `take` gave, once; anything else is left alone. The caller must not use it any more. */
  give({ buffer }: Uint8Array): void {
    if (!(buffer instanceof ArrayBuffer) || !this.#out.delete(buffer)) return
    const size = buffer.byteLength
    if (this.#keptBytes + size > mostKeptBytes) return
    this.#keptBytes += size
    const free = this.#free.get(size)
    if (free) free.push(buffer)
    else this.#free.set(size, [buffer])
  }
}
