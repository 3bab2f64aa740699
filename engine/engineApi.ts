import type { Priority } from './contract/jobs.ts'
import type { Comparison } from './contract/library.ts'
import type {
  BackupResult,
  ByteRange,
  EnforceResult,
  InitResult,
  KeyAdded,
  KeyInfo,
  Overlay,
  PruneResult,
  RemoveResult,
  RepairResult,
  RestoreResult,
  ScrubResult,
  StatsResult,
  Version,
  VersionDetails,
} from './contract/models.ts'
import type { OnProgress } from './contract/progress.ts'
import type { Export, ExportList, WritableExport } from './nbd/export.ts'
import type { Secret } from './repository/keySlots.ts'

export type { Secret }

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

export interface RepositoryOptions {
  /** Bytes per second that go to and come from the storage. */
  writeLimit?: number
  readLimit?: number
  /** Memory for blocks of versions that are exported; 256 MiB unless given. */
  cacheBytes?: number
}

export interface InitOptions {
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
  /** What was written to exported versions, of all repositories, and neither kept nor discarded; the oldest first. */
  overlays(): Promise<Overlay[]>
  /** Removes an overlay with all that was written to it. config.notFound, config.inUse. */
  discardOverlay(id: string): Promise<void>
}

/** An open repository. `V` is a version as a person names it (id, prefix, latest, NAME:latest~1). Close it. */
export interface Session {
  readonly repositoryId: string
  readonly url: string

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
        /**
         * Leave out what the file system of the source has free (holes in the version), where its metadata can be trusted; all is
         * read otherwise, and the result says why. True for devices and false for files unless given. Hints go before it.
         */
        usedBlocksOnly?: boolean
        /** What the source must turn out to be once it is open; source.unsupported otherwise. */
        expect?: 'file' | 'device'
      },
  ): Promise<BackupResult>

  /** By name, then date. `filter` is an expression of the filter language. */
  versions(filter?: string): Promise<Version[]>
  show(version: string): Promise<VersionDetails>

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
      },
  ): Promise<ScrubResult>

  /** What is in `spare` (whole ids), or has an overlay on this computer, stays, whatever the policy decides about it; the decisions say what that is. */
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
  stats(): Promise<StatsResult>

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
