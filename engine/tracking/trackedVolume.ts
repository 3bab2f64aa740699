import type { RangeSet } from '../sources/ranges.ts'

/**
 * Volumes whose state can be held still by a snapshot, and which know what was written between two snapshots. What a run does
 * with them is decided here; LVM (engine/lvm) is one driver.
 */
export interface SnapshotDriver {
  /**
   * The volume at a path, by whatever link; undefined when it is none of this driver's, or one that it cannot snapshot.
   * `source.unsupported` when it would be, but the programs for it are not installed (named in the advice).
   */
  find(path: string, signal?: AbortSignal): Promise<TrackedVolume | undefined>

  /** All volumes that have a snapshot with our tag, whoever of us made it. Empty where the programs are not installed. */
  withOwnSnapshots(signal?: AbortSignal): Promise<TrackedVolume[]>

  /** Undoes what processes that died left beside snapshots. Never fails. */
  releaseStale?(): Promise<void>
}

/** How changes become known; also the method that a version is labelled with. */
export type TrackingMethod = 'lvm-thin' | 'lvm-classic'

export interface TrackedVolume {
  /** Stays the same when the volume is renamed or grows; never that of another volume. */
  readonly id: string
  readonly method: TrackingMethod
  /** Where it is now. */
  readonly path: string
  readonly sizeBytes: number
  /** Of what must not be snapshotted by two at the same time: a pool, a group. Asked for changes by two, the driver sees to their turns. */
  readonly lockName: string

  /** Snapshots of this volume that bear our tag, whoever of us made them. Those of others are never listed. */
  ownSnapshots(signal?: AbortSignal): Promise<Snapshot[]>

  /**
   * Makes a snapshot with this name, read-only and tagged as ours. A file system that is mounted from the volume is frozen for that
   * moment. `source.noRoomForSnapshot` when there is none, with what can be done about it.
   */
  createSnapshot(name: string, options?: SnapshotOptions): Promise<Snapshot>

  /** Makes a snapshot readable. Resolves to the path of its device. Again is no error. */
  activate(snapshot: Snapshot): Promise<string>
  /** Undoes `activate`. Again is no error. */
  deactivate(snapshot: Snapshot): Promise<void>

  /**
   * What may differ between two snapshots of this volume, `newer` made after `older`. A superset is right, less is not. Undefined
   * when it cannot be known (a snapshot became invalid, its identity is another, the pool does not answer): then `why` is
   * told, and all must be read.
   */
  changes(older: Snapshot, newer: Snapshot, signal?: AbortSignal): Promise<Changes>

  /** Ranges of a snapshot that were ever written, in bytes; the rest reads as zeros. Undefined when the volume does not know. */
  allocated(snapshot: Snapshot, signal?: AbortSignal): Promise<RangeSet | undefined>

  /** Whether what was read from the snapshot until now is what it held at its moment. Asked again after the last read. */
  isValid(snapshot: Snapshot): Promise<boolean>

  /** What a snapshot takes; undefined when it cannot be told. */
  usage(snapshot: Snapshot, signal?: AbortSignal): Promise<SnapshotUsage | undefined>

  /** Removes a snapshot of ours. One that is gone is no error; one that is in use is tried for some seconds. */
  removeSnapshot(snapshot: Snapshot): Promise<void>
}

export interface SnapshotOptions {
  /** Room for what is written to the volume while the snapshot lives, in bytes, where a snapshot needs room of its own; by default judged by the volume and by what is free. */
  roomBytes?: number
  /** As much room as there is, up to what a snapshot of the volume can ever need; `roomBytes` counts for nothing then. */
  largest?: boolean
  signal?: AbortSignal
}

export interface Snapshot {
  /** Never given to another one. */
  readonly id: string
  readonly name: string
  readonly sizeBytes: number
}

export interface SnapshotUsage {
  /** What it takes of its room, or of the pool, beyond what it shares with the volume; bytes. */
  usedBytes: number
  /** Room that was set aside for it; null when it shares that of a pool. */
  roomBytes: number | null
}

export type Changes =
  | {
      known: true
      /** Bytes that may have been written. */
      written: RangeSet
      /** Bytes that read as zeros now, and may not have before; none of them is in `written`. */
      discarded: RangeSet
    }
  | { known: false; why: string }
