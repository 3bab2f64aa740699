/**
 * Memory that reads of the storage are put into, used again and again: the kernel must clear fresh memory page by page, which
 * takes as long as the reading itself.
 */
export class ReadRooms {
  readonly #bytes: number
  readonly #free: ArrayBuffer[] = []

  /** Rooms of this many bytes. */
  constructor(bytes: number) {
    this.#bytes = bytes
  }

  take(): ArrayBuffer {
    return this.#free.pop() ?? new ArrayBuffer(this.#bytes)
  }

  /** Takes memory back. What did not come from here is left to the garbage collector. */
  give(memory: ArrayBufferLike): void {
    if (memory instanceof ArrayBuffer && memory.byteLength === this.#bytes) this.#free.push(memory)
  }
}
