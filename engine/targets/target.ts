/** What a restore writes. Offsets and lengths are in bytes. Writes may be issued at the same time for disjoint ranges. */
export interface Target {
  readonly path: string
  readonly kind: 'file' | 'device'
  /** Capacity of a device; for a file its size after `open`. */
  readonly sizeBytes: number
  /** Bytes of a logical sector of a device; null for a file. */
  readonly sectorBytes: number | null
  /** True when ranges that are never written read as zeros (a new sparse file). */
  readonly startsZeroed: boolean

  /** Writes all of `data` at `offset`, or fails with target.writeFailed / target.full. */
  write(data: Uint8Array, offset: number): Promise<void>

  /**
   * Descriptors by which threads may write within [offset, offset + length) by themselves until the target is closed; fails
   * as `write` does when the range is not inside. Undefined where writing must go through `write`. Whoever meets any trouble
   * on this way writes again with `write`, which says what the trouble is.
   */
  descriptorsFor?(offset: number, length: number): Descriptors | undefined

  /** Makes [offset, offset + length) read as zeros, by punching or discarding where possible, else by writing zeros. */
  zero(offset: number, length: number): Promise<void>

  /** Reads back, for delta restores and verification. Returns the count of bytes; fewer only at the end. */
  read(buffer: Uint8Array, offset: number): Promise<number>

  /** Everything written is on the medium when this resolves. */
  flush(): Promise<void>

  /**
   * After a flush: asks the system to drop what it remembers of the target, so that what is read next comes from the
   * medium. Does nothing where the system cannot.
   */
  forget(): Promise<void>

  /**
   * After the last flush: has the kernel read the partition table anew, so that what was written shows at once. 'busy' when
   * somebody uses a partition of the old one, 'none' where there can be no partitions.
   */
  readPartitions(): Promise<'done' | 'busy' | 'none'>

  close(): Promise<void>
}

/** Two ways into one open file or device. */
export interface Descriptors {
  fd: number
  /** Around the page cache, for what is aligned; undefined where there is no such way. */
  directFd: number | undefined
}
