import type { Export } from './nbd/export.ts'
import type { VersionRecord } from './repository/versionRecord.ts'
import type { Consistency, Extent, Source } from './sources/source.ts'

/**
 * A version as something to be stored elsewhere. Each block is checked by its tag and id when it is read. Errors are those of the
 * repository: what cannot be read (integrity.*) ends the copy, since one with zeros in its place would pass for the same version.
 */
export class VersionSource implements Source {
  readonly path: string
  readonly kind: Source['kind']
  readonly sizeBytes: number
  readonly sectorBytes = 512
  /** `extents` cannot wait for the map to be read; hints say what there is to know. */
  readonly knowsHoles = false
  readBytes = 0
  readonly #version: VersionRecord
  readonly #export: Export
  readonly #signal: AbortSignal | undefined

  constructor(version: VersionRecord, opened: Export, signal?: AbortSignal) {
    this.#version = version
    this.#export = opened
    this.#signal = signal
    this.path = version.source.path
    this.kind = version.source.kind
    this.sizeBytes = version.sizeBytes
  }

  *extents(from: number, to: number): Iterable<Extent> {
    if (from < to) yield { offset: from, length: to - from }
  }

  async read(buffer: Uint8Array, offset: number): Promise<number> {
    const length = Math.min(buffer.length, this.sizeBytes - offset)
    if (length <= 0) return 0
    const bytes = await this.#export.read(offset, length, this.#signal)
    buffer.set(bytes)
    this.#export.reclaim?.(bytes)
    this.readBytes += length
    return length
  }

  async consistency(): Promise<Consistency> {
    return this.#version.consistency
  }

  async close(): Promise<void> {
    await this.#export.close()
  }
}
