import { HoldfastError } from '../../engine/contract/errors.ts'
import type { Consistency, Extent, Source } from '../../engine/sources/source.ts'

/** A source in memory with sectors that cannot be read. */
export class TroubledSource implements Source {
  readonly path = '/dev/troubled'
  readonly kind = 'device'
  readonly sizeBytes: number
  readonly sectorBytes: number
  readonly knowsHoles = false
  readonly #bytes: Buffer
  readonly #bad: ReadonlySet<number>
  /** Sectors that fail this many times and then give their bytes after all. */
  readonly #shy: Map<number, number>

  constructor(
    bytes: Buffer,
    options: { badSectors?: Iterable<number>; shy?: [number, number][]; sectorBytes?: number },
  ) {
    this.#bytes = bytes
    this.sizeBytes = bytes.length
    this.sectorBytes = options.sectorBytes ?? 512
    this.#bad = new Set(options.badSectors)
    this.#shy = new Map(options.shy)
  }

  *extents(from: number, to: number): Generator<Extent> {
    if (from < to) yield { offset: from, length: to - from }
  }

  async read(buffer: Uint8Array, offset: number): Promise<number> {
    const end = Math.min(offset + buffer.length, this.sizeBytes)
    for (let sector = Math.floor(offset / this.sectorBytes); sector * this.sectorBytes < end; sector++) {
      const shy = this.#shy.get(sector) ?? 0
      if (!this.#bad.has(sector) && shy === 0) continue
      if (shy > 0) this.#shy.set(sector, shy - 1)
      // A failed read may have written anything into the buffer.
      buffer.fill(0xee)
      throw new HoldfastError('source.readFailed', `${this.path} cannot be read at sector ${sector}.`, {
        details: { offset, length: buffer.length },
      })
    }
    buffer.set(this.#bytes.subarray(offset, end))
    return end - offset
  }

  async consistency(): Promise<Consistency> {
    return 'consistent'
  }

  async close(): Promise<void> {}
}

/** Passes everything on and tells of each read before it happens. */
export class WatchedSource implements Source {
  readonly #inner: Source
  readonly #beforeRead: (offset: number, length: number) => void

  constructor(inner: Source, beforeRead: (offset: number, length: number) => void) {
    this.#inner = inner
    this.#beforeRead = beforeRead
  }

  get path(): string {
    return this.#inner.path
  }
  get kind(): Source['kind'] {
    return this.#inner.kind
  }
  get sizeBytes(): number {
    return this.#inner.sizeBytes
  }
  get sectorBytes(): number {
    return this.#inner.sectorBytes
  }
  get knowsHoles(): boolean {
    return this.#inner.knowsHoles
  }
  extents(from: number, to: number): Iterable<Extent> {
    return this.#inner.extents(from, to)
  }
  async read(buffer: Uint8Array, offset: number): Promise<number> {
    this.#beforeRead(offset, buffer.length)
    return await this.#inner.read(buffer, offset)
  }
  consistency(): Promise<Consistency> {
    return this.#inner.consistency()
  }
  close(): Promise<void> {
    return this.#inner.close()
  }
}
