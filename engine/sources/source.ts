/**
 * What a backup reads. A source has a fixed size from `open` on; what it holds may change while it is read, and then
 * `consistency()` says so.
 */
export interface Source {
  /** As the person named it. */
  readonly path: string
  readonly kind: 'file' | 'device'
  readonly sizeBytes: number
  /** Sector size: the unit below which unreadable ranges are not told apart. Usually 512 or 4096. */
  readonly sectorBytes: number

  /**
   * The parts of [from, to) that may hold data, ascending, not overlapping; everything else is known to read as zeros.
   * Never fails because the system cannot tell: then it is one extent.
   */
  extents(from: number, to: number): Iterable<Extent>

  /** True when `extents` can tell holes apart, so that a run counts as reading by allocation. */
  readonly knowsHoles: boolean

  /**
   * Fills `buffer` from `offset`. Resolves to the count of bytes read, which is less than the buffer's length only at the
   * end of a source that has shrunk. Read errors are `source.readFailed` with details {offset, length}.
   * Tells the kernel to forget pages that were not in its cache before.
   */
  read(buffer: Uint8Array, offset: number): Promise<number>

  /** How far the bytes read belong to one moment; asked after the last read. */
  consistency(): Promise<Consistency>

  close(): Promise<void>
}

export interface Extent {
  offset: number
  length: number
}

/**
 * consistent: one moment with all that was written until then, since its file system was frozen for it or nothing wrote to it.
 * crash-consistent: one moment, as after a power cut. read-while-in-use: parts belong to different moments.
 */
export type Consistency = 'consistent' | 'crash-consistent' | 'read-while-in-use'
