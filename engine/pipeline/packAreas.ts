import { packBufferBytes } from '../repository/packBuilder.ts'

/** Parts of a thread's memory for packs. Who finds none free waits: what a storage cannot take yet must not pile up. */
export class PackAreas {
  readonly #memory: SharedArrayBuffer
  readonly #free: number[]
  readonly #waiting: ((area: number | undefined) => void)[] = []
  #isClosed = false

  constructor(memory: SharedArrayBuffer) {
    this.#memory = memory
    const count = Math.floor(memory.byteLength / packBufferBytes)
    this.#free = Array.from({ length: count }, (_, i) => count - 1 - i)
  }

  /** A free one. Undefined when there is none and it is too late to wait for one. */
  take(): number | undefined | Promise<number | undefined> {
    // The one that was used last: its memory is there already.
    const free = this.#free.pop()
    if (free !== undefined || this.#isClosed) return free
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  give(area: number): void {
    const next = this.#waiting.shift()
    if (next) next(area)
    else this.#free.push(area)
  }

  bytesOf(area: number): Buffer {
    return Buffer.from(this.#memory, area * packBufferBytes, packBufferBytes)
  }

  has(bytes: Uint8Array): boolean {
    return bytes.buffer === (this.#memory as ArrayBufferLike)
  }

  /** Nobody waits any more. */
  close(): void {
    this.#isClosed = true
    for (const resolve of this.#waiting.splice(0)) resolve(undefined)
  }
}
