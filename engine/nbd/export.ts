/** A stretch of an export that is alike: data, or a hole, which reads as zeros and takes no room. */
export interface ExportExtent {
  length: number
  kind: 'data' | 'hole'
}

/** What a client may learn of an export without opening it. */
export interface ExportSummary {
  /** What clients ask for. At most 4096 bytes of UTF-8. */
  name: string
  /** One line for people. */
  description: string
}

/**
 * A device that is offered over NBD. Offsets and lengths are in bytes and lie inside of the export: the transmission checks
 * them first. Calls may overlap in any order; a read sees every write that was answered before it began. Failures are
 * HoldfastErrors: integrity.* means that only this range cannot be had.
 */
export interface Export extends ExportSummary {
  readonly sizeBytes: number
  readonly isReadOnly: boolean
  /** Power of two: what is read and written best. */
  readonly preferredBlockBytes: number
  /** May be cancelled. The caller may change the bytes. */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>
  /** Takes back what a read gave, when nobody uses it any more. It need not be called. */
  reclaim?(bytes: Uint8Array): void
  /** Extents from `offset` on, without gaps; it may end before `offset + length`, after one extent at the earliest. */
  extents(offset: number, length: number, signal?: AbortSignal): Promise<ExportExtent[]>
  /** Brings a range into memory as far as there is room. */
  cache(offset: number, length: number, signal?: AbortSignal): Promise<void>
  /** Gives up memory, files and locks. No call is under way or follows. */
  close(): Promise<void>
}

/** One that can be written. What was written before a flush began is safe on the medium when the flush resolves. */
export interface WritableExport extends Export {
  readonly isReadOnly: false
  write(offset: number, bytes: Uint8Array): Promise<void>
  /** Makes a range read as zeros, in less time than writing them takes. `keepRoom`: later writes there must not fail for want of room. */
  zero(offset: number, length: number, keepRoom: boolean): Promise<void>
  /** The content of a range is no longer needed; it reads as zeros from now on. */
  trim(offset: number, length: number): Promise<void>
  flush(): Promise<void>
}

/** What a server offers. */
export interface ExportList {
  list(): Promise<ExportSummary[]>
  /** Opens one; undefined when there is none of this name. The empty name asks for the default one. May be called often. */
  open(name: string, signal?: AbortSignal): Promise<Export | WritableExport | undefined>
}
