import type { Consistency, Extent, Source } from './source.ts'

/** Bytes that are in memory, to be stored like those of a source. Nobody changes them meanwhile. */
export class BytesSource implements Source {
  readonly path: string
  readonly kind = 'file'
  readonly sizeBytes: number
  readonly sectorBytes = 512
  readonly knowsHoles = false
  readonly #bytes: Uint8Array

  constructor(path: string, bytes: Uint8Array) {
    this.path = path
    this.sizeBytes = bytes.length
    this.#bytes = bytes
  }

  *extents(from: number, to: number): Generator<Extent> {
    const end = Math.min(to, this.sizeBytes)
    if (from < end) yield { offset: from, length: end - from }
  }

  async read(buffer: Uint8Array, offset: number): Promise<number> {
    const part = this.#bytes.subarray(offset, offset + buffer.length)
    buffer.set(part)
    return part.length
  }

  async consistency(): Promise<Consistency> {
    return 'consistent'
  }

  async close(): Promise<void> {}
}
