import type { ObjectLock } from './objectLock.ts'

/**
 * Where a repository lives. This interface and its guarantees are all that the rest of the engine knows of a storage.
 *
 * Guarantees of every driver (test/suites/storageSuite.ts checks them):
 * - An object is written whole or not at all. When `put` resolves, the object survives a crash of the process, of the
 *   machine, and the pulling of the cable after that moment.
 * - Read-after-write: once `put` or `delete` has resolved, every `get`, `stat` and `list`, from any process, shows it.
 * - Of several puts of one name without `overwrite`, exactly one wins; but at servers that store nothing under a condition
 *   (some that speak S3, some behind rclone) two that come within the same moment may both win, and the later one stays. Nothing
 *   relies on it but the making of a repository: all other names are random, or belong to one writer.
 * - `get` returns exactly the bytes asked for, or fails; never fewer.
 * - Names are ASCII: segments of [a-z0-9._-] joined by '/', at most 200 characters, no empty segment, none of '.' or '..'.
 * - Every call may be cancelled with its signal (`run.cancelled`), and may run at the same time as any other.
 *
 * Errors are HoldfastErrors with `storage.*` codes; `retryable` says whether the same call may simply be repeated.
 */
export interface Storage {
  /** For messages: where this is, without secrets. */
  readonly url: string

  /**
   * How many large puts at one time suit this storage: more where answers take long to come. Undefined where it does not matter
   * much, as on a drive.
   */
  readonly parallelPuts?: number | undefined

  /** Locks against removal; undefined where there are none, or none were asked for. */
  readonly objectLock?: ObjectLock | undefined

  /**
   * Stores an object. The parts are concatenated. May be called twice with the same arguments (a retry).
   * Without `overwrite`, an existing object is `storage.objectExists`. The caller must not change the parts until it
   * resolves.
   */
  put(name: string, parts: readonly Uint8Array[], options?: PutOptions): Promise<void>

  /**
   * Reads an object, or the range [offset, offset + length). A range beyond the end is `storage.rangeInvalid`; a missing
   * object `storage.objectNotFound`. The result belongs to the caller, with the
   * whole of its ArrayBuffer, at whose beginning it lies: it may be handed over to a thread.
   *
   * `room` is memory that the result may be put into, from its beginning, if it is long enough; until the call has ended
   * the caller must not touch it. A driver may take new memory instead.
   */
  get(name: string, range?: Range, signal?: AbortSignal, room?: ArrayBuffer): Promise<Uint8Array>

  /**
   * Path of the file that holds exactly the bytes of this object, if it is there: threads may read it by themselves, which
   * spares handing every piece over. Undefined where there is no such file, or where reads must not go past this storage
   * (a limit). Whoever meets any trouble on this way asks `get`, which alone knows what the trouble means.
   */
  fileOf?(name: string): string | undefined

  /**
   * The same place, past what is kept of it on this computer (caching.ts): for those who check what is really stored there,
   * and for a second look at what did not turn out to be what it should. Undefined where nothing is kept.
   */
  readonly uncached?: Storage | undefined

  /** Size and age of an object; undefined when there is none. */
  stat(name: string, signal?: AbortSignal): Promise<ObjectInfo | undefined>

  /**
   * All objects whose name starts with `folder + '/'`, in no particular order, at any depth. A folder that does not exist
   * is empty. Temporary objects of writes under way never appear.
   */
  list(folder: string, signal?: AbortSignal): AsyncIterable<ObjectInfo>

  /** Removes an object. Removing what is not there is no error (so that it can be repeated). */
  delete(name: string, signal?: AbortSignal): Promise<void>

  /**
   * Makes the place ready for a new repository: creates the folders. Fails with `repository.alreadyExists` when the place
   * holds objects, and with `storage.driveNotConnected` when it is a mount point with nothing mounted.
   */
  prepare(folders: readonly string[], signal?: AbortSignal): Promise<void>

  /** Removes left-overs of writes whose process died more than a day ago. Returns how many. */
  sweepTemporary(signal?: AbortSignal): Promise<number>

  /** Free bytes at the place, or undefined when it has no such limit. */
  freeBytes(): Promise<number | undefined>

  close(): Promise<void>
}

export interface PutOptions {
  overwrite?: boolean
  /** Going to be removed soon, as locks of the repository are: not locked against removal. */
  transient?: boolean
  /**
   * Told of bytes when they are handed to a connection, for those who show how fast that goes; what is sent again is told again. Drivers that
   * cannot say stay silent. Must not throw.
   */
  onSent?: ((bytes: number) => void) | undefined
  signal?: AbortSignal
}

/** Bytes [offset, offset + length). Both are safe non-negative integers; length is at least 1. */
export interface Range {
  offset: number
  length: number
}

export interface ObjectInfo {
  name: string
  sizeBytes: number
  /** Milliseconds since 1970 UTC by the storage's own clock. */
  modifiedAt: number
}
