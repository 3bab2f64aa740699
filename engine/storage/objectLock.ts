import type { LockMode } from './bucketLocations.ts'

/**
 * Locks against removal at a place that has them (object lock of S3). What is put there is locked for some days from then on, and until
 * they are over nobody can remove it or shorten the lock. What is removed or replaced all the same is only hidden, and goes when its
 * lock has run out. May be called at any time, repeated and cancelled, as Storage.
 */
export interface ObjectLock {
  readonly mode: LockMode
  /** Of a lock when it is new or extended. */
  readonly days: number
  /** The same text for the same place, whatever its options: for what is remembered of it. */
  readonly place: string

  /** Until when an object is locked, milliseconds since 1970 UTC; undefined when it is not. storage.objectNotFound. One request. */
  lockedUntil(name: string, signal?: AbortSignal): Promise<number | undefined>

  /** Locks an object until then. storage.authFailed without the right, also for an earlier date than the one it has. One request. */
  extend(name: string, until: number, signal?: AbortSignal): Promise<void>

  /** Objects that were put through this storage since the last call, and until when they are locked. */
  takePut(): Map<string, number>

  /**
   * Removes for good what was removed or replaced before, as far as its lock has run out. storage.deleteRefused when that is refused for
   * another reason: the key may not remove versions, or somebody has put a legal hold on one.
   */
  sweepHidden(signal?: AbortSignal): Promise<SweptHidden>
}

/** The same lock, where `around` makes each request: again, later, or not at all. For decorators of a storage. */
export function objectLockThrough(
  lock: ObjectLock | undefined,
  around: <T>(request: () => Promise<T>, signal: AbortSignal | undefined) => Promise<T>,
): ObjectLock | undefined {
  if (lock === undefined) return undefined
  return {
    mode: lock.mode,
    days: lock.days,
    place: lock.place,
    lockedUntil: (name, signal) => around(() => lock.lockedUntil(name, signal), signal),
    extend: (name, until, signal) => around(() => lock.extend(name, until, signal), signal),
    takePut: () => lock.takePut(),
    sweepHidden: signal => around(() => lock.sweepHidden(signal), signal),
  }
}

export interface SweptHidden {
  removed: number
  freedBytes: number
  /** What is still locked. */
  waiting: { objects: number; sizeBytes: number /** When the last of it can go. */; until: number }
}
