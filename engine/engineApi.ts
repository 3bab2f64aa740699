import type { PauseGate } from './base/pauseGate.ts'
import type { Rate } from './base/rateSchedule.ts'
import type { StorageCredentials } from './contract/credentials.ts'
import type { Priority } from './contract/jobs.ts'
import type { Comparison } from './contract/library.ts'
import type {
  BackupResult,
  ByteRange,
  CopyResult,
  EnforceResult,
  ExtendedLocks,
  InitResult,
  KeyAdded,
  KeyInfo,
  LockState,
  Overlay,
  PruneResult,
  ReadMethod,
  RemoveResult,
  RepairedFromCopy,
  RepairResult,
  RestoreResult,
  ScrubResult,
  StatsResult,
  Version,
  VersionDetails,
} from './contract/models.ts'
import type { OnProgress } from './contract/progress.ts'
import type { ExtractedRecipe, ShownRecipe } from './contract/recipe.ts'
import type { TrackedVolumeState } from './contract/tracking.ts'
import type { ElsewhereFacts } from './elsewhere.ts'
import type { HeldSource, SourceOptions, SourceRequest } from './heldSource.ts'
import type { LockReadOptions } from './maintenance/objectLocks.ts'
import type { Export, ExportList, WritableExport } from './nbd/export.ts'
import type { Secret } from './repository/keySlots.ts'
import type { ExpectedDevice } from './targets/device.ts'

export type { ElsewhereFacts, HeldSource, LockReadOptions, PauseGate, Rate, Secret, SourceOptions, SourceRequest }

/** Every long call can be cancelled (run.cancelled) and reports progress at most four times a second. */
export interface CallOptions {
  signal?: AbortSignal
  onProgress?: OnProgress
}

/** For calls that a job makes. */
export interface PriorityOptions {
  /** low: the threads of this call give way to everybody else's. normal unless given. */
  priority?: Priority
}

/** How a storage lets us in. */
export interface AccessOptions {
  /** What the storage lets us in by; without, what the environment of this process offers. */
  credentials?: StorageCredentials
  /**
   * Fingerprint of the key (SHA256:…) that somebody agreed to for a server that is not known here: it is remembered. A key that
   * differs from what is known stays refused.
   */
  acceptHostKey?: string
}

export interface RepositoryOptions extends AccessOptions {
  /** Bytes per second that go to and come from the storage, by the time of day where a schedule is given. */
  writeLimit?: Rate
  readLimit?: Rate
  /** Memory for blocks of versions that are exported; 256 MiB unless given. */
  cacheBytes?: number
  /**
   * While it is paused, whatever the session does holds still: nothing new is read from a source, written to a target, or asked of the
   * storage. Locks in the repository are refreshed all the same. Time that passes meanwhile is in no speed and no duration.
   */
  gate?: PauseGate
}

export interface InitOptions extends AccessOptions {
  /** Power of two from 16 KiB to 4 MiB. */
  blockSizeBytes?: number
  /** Begin anew at a place where another repository was seen before and is gone. Never overwrites one that is there. */
  forgetOld?: boolean
}

/** Bytes of a version, checked; zeros where the source had none. See Session.read. */
export type ReadRange = (range: ByteRange) => Promise<Buffer>

/** What the helper and the command line can ask of the engine. */
export interface Engine {
  /**
   * Makes a repository in an empty place. usage.invalid for a bad block size, repository.alreadyExists, and
   * storage.driveNotConnected when one was seen at this place before and is not there now (unless `forgetOld`).
   */
  init(url: string, secret: Secret, options?: InitOptions): Promise<InitResult>
  /**
   * Opens a repository. repository.notFound, repository.wrongKey, repository.formatTooNew, or storage.driveNotConnected
   * when one was seen at this place before and is not there now.
   */
  open(url: string, secret: Secret, options?: RepositoryOptions): Promise<Session>
  /**
   * Looks what is at a place that is no folder: a repository, or room for one. In a bucket without one, a tiny object is put, read and
   * deleted to learn what the credentials allow. Errors as of `open`, and `repository.alreadyExists` for the remains of a repository.
   */
  lookElsewhere(url: string, options?: AccessOptions & { signal?: AbortSignal }): Promise<ElsewhereFacts>
  /** What was written to exported versions, of all repositories, and neither kept nor discarded; the oldest first. */
  overlays(): Promise<Overlay[]>
  /** Removes an overlay with all that was written to it. config.notFound, config.inUse. */
  discardOverlay(id: string): Promise<void>
  /** Snapshots of volumes that are kept between runs, and what else of ours is on this computer's volumes. */
  tracking(options?: { signal?: AbortSignal }): Promise<TrackedVolumeState[]>
  /**
   * Removes all snapshots of ours from volumes (by their ids) and what is remembered of them, or what is kept for a repository alone (of
   * all volumes, or of the one at `path`): the next run reads everything. Resolves to the names of the snapshots. config.inUse (may be retried) while a run is under way.
   */
  forgetTracking(of: { volumes: readonly string[] } | { repository: string; path?: string }): Promise<string[]>
  /** Removes snapshots that runs left when they died, as the next run of their volume does. Resolves to their names. */
  tidyVolumes(): Promise<string[]>
  /**
   * How a source would be read by a backup to these repositories, as far as that is known without reading it. Changes nothing. Errors
   * as of `backup`.
   */
  previewSource(
    path: string,
    options: SourceOptions & { repositories: readonly string[] },
  ): Promise<{ sizeBytes: number; method: ReadMethod }>
}

/** An open repository. `V` is a version as a person names it (id, prefix, latest, NAME:latest~1). Close it. */
export interface Session {
  readonly repositoryId: string
  readonly url: string

  /**
   * Backs up a file or a device; a volume that can be snapshotted is read from a snapshot, and by what changed since the last run
   * where that is known. source.inUse, source.noRoomForSnapshot, source.snapshotInvalid, and config.inUse when another run works on
   * the volume; of these, the last two may be retried.
   */
  backup(
    sourcePath: string,
    options: CallOptions &
      PriorityOptions & {
        name?: string
        labels?: Record<string, string>
        hintsPath?: string
        base?: string
        /** Bytes per second read from the source. */
        sourceLimit?: number
        /** The source, made ready before by `hold`. */
        held?: HeldSource
      } & SourceOptions,
  ): Promise<BackupResult>

  /**
   * Makes sources ready that are to be backed up one after the other: of volumes, snapshots are taken, as close together as can be. What
   * fails for one is in its place. Each is to be given to `backup`, or else to `release`.
   */
  hold(sources: readonly SourceRequest[], options?: { signal?: AbortSignal }): Promise<(HeldSource | Error)[]>
  /** Removes the snapshot of a source that was not backed up. Resolves to what went wrong, for people. */
  release(held: HeldSource): Promise<string[]>

  /** By name, then date. `filter` is an expression of the filter language. */
  versions(filter?: string): Promise<Version[]>
  show(version: string): Promise<VersionDetails>
  /** The machine recipe of a version; null when it has none. Damage to it is a part of the answer. */
  recipe(version: string, options?: { signal?: AbortSignal }): Promise<ShownRecipe | null>
  /**
   * Writes the files of the recipe, LUKS headers included, below a folder that is made or empty (usage.invalid otherwise).
   * config.notFound when the version has no recipe, integrity.*.
   */
  extractRecipe(version: string, folder: string, options?: { signal?: AbortSignal }): Promise<ExtractedRecipe>

  /**
   * Writes a version to a file, a device, or, as 'lvm:GROUP/NAME', to a logical volume that is made for it and removed again when
   * the restore fails. Errors of checkTarget, of planNewVolume and of the target. May be cancelled, and started again with `delta`.
   */
  restore(
    version: string,
    targetPath: string,
    options: CallOptions & {
      force?: boolean
      sparse?: boolean
      delta?: boolean
      range?: ByteRange
      /** Where the range goes in the target; by default the start of a new file, and the same place in an existing one. */
      targetOffset?: number
      verify?: boolean
      /** On a disk that is larger, the last partition of a GPT reaches to its end. usage.invalid for everything else. */
      grow?: boolean
      /** What a device was when somebody agreed to lose it; target.identityChanged, with nothing written, when it is not any more. */
      expect?: ExpectedDevice
      /** Where a new volume ('lvm:GROUP/NAME') takes its room from. */
      thinPool?: string
    },
  ): Promise<RestoreResult>

  /**
   * Lets `work` read ranges of a version, each of at most 1 MiB and inside of it (usage.invalid otherwise); what it has read
   * last is kept. A range that is damaged fails with integrity.*. Meant for looking at a few places: a restore is faster.
   */
  read<T>(
    version: string,
    work: (read: ReadRange, version: Version) => Promise<T>,
    options?: { signal?: AbortSignal },
  ): Promise<T>

  /**
   * Opens a version to be read like a device, quickly and by many at once. What it needs is kept from being pruned until it is
   * closed. Close it before the session.
   */
  openExport(version: string): Promise<Export>
  /** Makes an overlay: a place on this computer for what is going to be written to a version. Returns its id. */
  createOverlay(version: string): Promise<string>
  /**
   * Opens an overlay to be read and written like a device; what was flushed survives a crash. Close it before the session: it stays
   * until it is kept or discarded. config.notFound, config.inUse, usage.invalid when it is of another repository,
   * repository.versionNotFound when its version is gone.
   */
  openOverlay(id: string, options?: { name?: string }): Promise<WritableExport>
  /**
   * Keeps what was written as a new version, protected, and removes the overlay; only what was written is stored. Errors as of
   * openOverlay, and usage.invalid when nothing was written; the overlay is still there then.
   */
  commitOverlay(
    id: string,
    options?: CallOptions & { name?: string; labels?: Record<string, string> },
  ): Promise<BackupResult>

  /**
   * What an NBD server offers (nbd/server.ts): the version, or all of them. Whatever is opened of it is to be closed before the
   * session. repository.versionNotFound.
   */
  exports(version?: string): Promise<ExportList>

  /**
   * How much differs between two versions, block by block, by their maps alone: the cost is that of the differences. Both may be
   * of different sources. integrity.* when a map that differs cannot be read.
   */
  compare(older: string, newer: string, options?: { signal?: AbortSignal }): Promise<Comparison>

  /**
   * Copies versions into another open repository, the oldest first; those that are there already (by their ids) are left alone. Each keeps
   * its id, name, date and all else that is known of it, is protected if it is here, and gets its labels as they are now. Every block is
   * checked when it is read. A version that is damaged is not copied and the others are; whatever else fails ends it. Run again after
   * that, it goes on. usage.invalid when both are the same repository.
   */
  copyTo(
    target: Session,
    options?: CallOptions &
      PriorityOptions & {
        /** These, or else what the filter lets through. */
        versions?: readonly string[]
        filter?: string
        dryRun?: boolean
        /** Told before a version is copied; `index` counts from 0. */
        onVersion?: (version: Version, place: { index: number; count: number }) => void
      },
  ): Promise<CopyResult>

  scrub(
    versions: readonly string[],
    options: CallOptions &
      PriorityOptions & {
        light?: boolean
        /**
         * Check this share (0 to 100] of the repository, going on where the last such scrub stopped; together with versions, a
         * sample of what they need.
         */
        percent?: number
        /** Also hold the version against its source, block by block. */
        sourcePath?: string
        /** What is damaged afterwards, now or since before, is healed out of versions of the same ids in this other repository, which must be open. */
        repairFrom?: Session
      },
  ): Promise<ScrubResult>

  /**
   * Heals versions that scrubs have found to be damaged out of versions of the same ids in another open repository: what is lost is read
   * there, at its places, checked by its id in both, and stored again. Versions that are damaged there, too, stay so, with a warning.
   * usage.invalid when both are the same repository.
   */
  repairFrom(other: Session, options?: CallOptions & PriorityOptions): Promise<RepairedFromCopy>

  /**
   * enforce, remove, prune and removeKey need the right to remove at the storage: storage.deleteRefused, with nothing changed, where
   * the key may only add (but for dry runs).
   *
   * What is in `spare` (whole ids), or has an overlay on this computer, stays, whatever the policy decides
   * about it; the decisions say what that is.
   */
  enforce(
    policy: string,
    options: { filter?: string; dryRun?: boolean; spare?: readonly string[] },
  ): Promise<EnforceResult>
  /** repository.versionProtected (also by an overlay that needs it), repository.versionTooYoung. Nothing is removed when one of them may not be. */
  remove(versions: readonly string[], options: { minimumAgeDays?: number; dryRun?: boolean }): Promise<RemoveResult>
  prune(options: CallOptions & PriorityOptions & { dryRun?: boolean }): Promise<PruneResult>
  protect(versions: readonly string[], isProtected: boolean): Promise<Version[]>
  /** `edits` as on the command line: k=v sets, k- removes. */
  label(version: string, edits: readonly string[]): Promise<Version>
  /**
   * Where objects are locked, the server is asked of each that versions need; with `locks: 'known'` of none, and `lock` tells what this
   * computer has noted, for each version the earliest of all.
   */
  stats(options?: { locks?: 'asked' | 'known' }): Promise<StatsResult>
  /**
   * The server's word on the locks of all objects that versions need, as `stats` has it; undefined where nothing is locked. `onAsked` is
   * told how many of them were asked of so far. May be cancelled and repeated.
   */
  locks(options?: LockReadOptions): Promise<LockState | undefined>
  /**
   * Extends the locks against removal of all that versions need and that are due, as each backup does. May be repeated. config.notFound
   * where nothing is locked, storage.authFailed without the right.
   */
  extendLocks(options?: { signal?: AbortSignal }): Promise<ExtendedLocks>

  keys(): Promise<KeyInfo[]>
  /** Id of the key that a secret opens; undefined when it opens none. */
  keyOf(secret: Secret): Promise<string | undefined>
  addKey(secret: Secret, label?: string): Promise<KeyAdded>
  /** Makes a new recovery phrase; old ones stay until they are removed. */
  addRecoveryPhrase(): Promise<KeyAdded>
  /** repository.lastKey when no key would be left, repository.keyNotFound. */
  removeKey(id: string): Promise<void>

  repair(options: CallOptions & { dryRun?: boolean }): Promise<RepairResult>
  close(): Promise<void>
}
