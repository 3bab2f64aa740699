import { HoldfastError } from '../contract/errors.ts'
import type { VersionRecord } from '../repository/versionRecord.ts'
import { type BlockHints, hintedBlocks } from '../sources/hints.ts'
import type { Span } from '../sources/ranges.ts'
import type { Consistency, Extent, Source } from '../sources/source.ts'
import type { OverlayExport } from './overlayExport.ts'
import { pageBytes } from './overlayPages.ts'

/** A written version as something to be backed up. Nobody writes to it meanwhile. */
export class OverlaySource implements Source {
  readonly path: string
  readonly kind: Source['kind']
  readonly sizeBytes: number
  readonly sectorBytes = pageBytes
  /** `extents` cannot wait for the map to be read; hints say what there is to know. */
  readonly knowsHoles = false
  readonly #overlay: OverlayExport

  constructor(overlay: OverlayExport, base: VersionRecord) {
    this.#overlay = overlay
    this.path = base.source.path
    this.kind = base.source.kind
    this.sizeBytes = overlay.sizeBytes
  }

  *extents(from: number, to: number): Iterable<Extent> {
    if (from < to) yield { offset: from, length: to - from }
  }

  async read(buffer: Uint8Array, offset: number): Promise<number> {
    const length = Math.min(buffer.length, this.sizeBytes - offset)
    if (length <= 0) return 0
    try {
      buffer.set(await this.#overlay.read(offset, length))
      return length
    } catch (error) {
      // What the version has lost and nobody has written anew: goes on around it, as for a bad sector.
      if (!(error instanceof HoldfastError) || !error.code.startsWith('integrity.')) throw error
      throw new HoldfastError('source.readFailed', error.message, {
        ...(error.advice === undefined ? {} : { advice: error.advice }),
        details: { offset, length },
        cause: error,
      })
    }
  }

  /** Whether somebody had it mounted when it was last written is not known. */
  async consistency(): Promise<Consistency> {
    return 'crash-consistent'
  }

  async close(): Promise<void> {}
}

/** What was written, as hints for a backup. */
export function hintsOf(overlay: OverlayExport, blockSize: number): BlockHints {
  const written: Span[] = []
  const discarded: Span[] = []
  for (const { from, to, state } of overlay.pages.changed()) {
    const span = { start: from * pageBytes, end: Math.min(to * pageBytes, overlay.sizeBytes) }
    if (state === 'zero') discarded.push(span)
    else written.push(span)
  }
  return hintedBlocks(written, discarded, { sizeBytes: overlay.sizeBytes, blockSize })
}
