import { HoldfastError } from '../../engine/contract/errors.ts'
import type { Consistency, Extent, Source } from '../../engine/sources/source.ts'

/** A source in memory with bad sectors, which may shrink while it is read. */
export class MemorySource implements Source {
  readonly path = '/dev/memory'
  readonly kind = 'device'
  readonly sizeBytes: number
  readonly sectorBytes = 512
  readonly knowsHoles = false
  /** First bytes of sectors that cannot be read. */
  readonly badSectors = new Set<number>()
  /** Ends here for reads, as if it had been cut. */
  cutAt = Number.POSITIVE_INFINITY
  reads = 0
  readonly #content: Uint8Array

  constructor(content: Uint8Array) {
    this.#content = content
    this.sizeBytes = content.length
  }

  *extents(from: number, to: number): Iterable<Extent> {
    if (from < to) yield { offset: from, length: to - from }
  }

  async read(buffer: Uint8Array, offset: number): Promise<number> {
    this.reads++
    for (const bad of this.badSectors) {
      if (bad < offset + buffer.length && bad + this.sectorBytes > offset) {
        throw new HoldfastError('source.readFailed', 'A sector cannot be read.', { details: { offset: bad } })
      }
    }
    const end = Math.min(offset + buffer.length, this.#content.length, this.cutAt)
    const part = this.#content.subarray(Math.min(offset, end), end)
    buffer.set(part)
    return part.length
  }

  async consistency(): Promise<Consistency> {
    return 'consistent'
  }

  async close(): Promise<void> {}
}
