import type { Export, ExportExtent } from '../../engine/nbd/export.ts'

/** A read-only device in memory. */
export class MemoryVersion implements Export {
  readonly name = 'memory'
  readonly description = 'in memory'
  readonly isReadOnly = true
  readonly preferredBlockBytes = 32_768
  readonly sizeBytes: number
  isClosed = false
  readonly #content: Buffer

  constructor(content: Buffer) {
    this.#content = content
    this.sizeBytes = content.length
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    return Buffer.from(this.#content.subarray(offset, offset + length))
  }

  async extents(_offset: number, length: number): Promise<ExportExtent[]> {
    return [{ kind: 'data', length }]
  }

  async cache(): Promise<void> {}

  async close(): Promise<void> {
    this.isClosed = true
  }
}
