import { HoldfastError } from './contract/errors.ts'
import type { Comparison } from './contract/library.ts'
import type {
  BackupResult,
  CopyResult,
  EnforceResult,
  ExtendedLocks,
  KeyAdded,
  KeyInfo,
  LockState,
  PruneResult,
  RemoveResult,
  RepairedFromCopy,
  RepairResult,
  RestoreResult,
  ScrubResult,
  StatsResult,
  Version,
  VersionDetails,
} from './contract/models.ts'
import type { ExtractedRecipe, ShownRecipe } from './contract/recipe.ts'
import { copyVersions, requireOther } from './copyVersions.ts'
import type { CallOptions, PauseGate, PriorityOptions, ReadRange, Secret, Session } from './engineApi.ts'
import {
  type HeldSource,
  holdSource,
  holdSources,
  releaseSource,
  type SourceRequest,
  type VolumeDeps,
} from './heldSource.ts'
import { extendLocks, type LockReadOptions, readLocks } from './maintenance/objectLocks.ts'
import { runPrune } from './maintenance/prune.ts'
import { runRepair } from './maintenance/repair.ts'
import { runScrub } from './maintenance/scrub.ts'
import { gatherStats } from './maintenance/stats.ts'
import type { Export, ExportList, WritableExport } from './nbd/export.ts'
import type { OverlayStore } from './nbd/overlayStore.ts'
import { overlaysOf, VersionDesk } from './nbd/versionDesk.ts'
import { exportOfVersion, exportsOfRepository, type OpenVersion } from './nbd/versionExports.ts'
import type { BackupOptions } from './pipeline/backup.ts'
import { compareVersions } from './pipeline/compareVersions.ts'
import { compareWithSource } from './pipeline/compareWithSource.ts'
import { readRecipe, readVersion } from './pipeline/versionReader.ts'
import { extractRecipe, showRecipe } from './recipe/readRecipe.ts'
import { enforcePolicy, type Removal, removeVersions } from './removeVersions.ts'
import { repairFromCopy } from './repairFromCopy.ts'
import { addKey, addRecoveryPhrase, keyOf, listKeys, removeKey } from './repository/keyManagement.ts'
import type { Repository } from './repository/repository.ts'
import type { VersionRecord } from './repository/versionRecord.ts'
import type { LoadedRecords } from './repository/versionStore.ts'
import { viewDetails, viewVersion, viewVersions } from './repository/versionView.ts'
import { restoreVersion } from './restoreVersion.ts'
import { backUpSource, requireSensible } from './sourceBackup.ts'
import { openSource } from './sources/open.ts'
import { pausingSource } from './sources/pausing.ts'
import { usageOf } from './sourceUsage.ts'
import { noteCopies } from './tracking/trackingDesk.ts'
import { filterVersions } from './versions/filterEvaluator.ts'
import { parseLabelEdits } from './versions/labels.ts'
import { defaultVersionName, requireVersionName } from './versions/naming.ts'
import { resolveVersion, resolveVersions } from './versions/select.ts'

/** What can be done with one open repository. Turns names into records and opens sources and targets; the rest is below. */
export class RepositorySession implements Session {
  readonly url: string
  readonly #repository: Repository
  /** Folder of a repository on this computer, which no restore may touch. */
  readonly #folder: string | undefined
  readonly #desk: VersionDesk
  readonly #overlays: OverlayStore
  readonly #volumes: VolumeDeps | undefined
  readonly #gate: PauseGate | undefined

  constructor(
    repository: Repository,
    url: string,
    own: {
      folder: string | undefined
      overlays: OverlayStore
      cacheBytes?: number
      volumes?: VolumeDeps
      gate?: PauseGate
    },
  ) {
    this.#repository = repository
    this.url = url
    this.#folder = own.folder
    this.#overlays = own.overlays
    this.#volumes = own.volumes
    this.#gate = own.gate
    this.#desk = new VersionDesk(repository, own.overlays, { cacheBytes: own.cacheBytes })
  }

  get repositoryId(): string {
    return this.#repository.id
  }

  async backup(sourcePath: string, options: Parameters<Session['backup']>[1]): Promise<BackupResult> {
    const run = await this.#backupOptions(sourcePath, options).catch(async error => {
      if (options.held) await releaseSource(options.held)
      throw error
    })
    // Hints count from what the source itself was.
    const source = { ...options, noSnapshot: options.noSnapshot || options.hintsPath !== undefined }
    const held =
      options.held ?? (await holdSource(sourcePath, { ...source, repository: this.#repository.id }, this.#volumes))
    const hints = options.hintsPath === undefined ? {} : { hintsPath: options.hintsPath }
    const work = { held, source, run, gate: this.#gate, ...hints }
    const result = await backUpSource(this.#repository, work, this.#volumes)
    try {
      await this.#healObjects(options)
    } catch (error) {
      // The version is complete and stays: that must not look like a failed backup.
      const why = error instanceof Error ? error.message : String(error)
      result.warnings.push(`What a scrub found to be damaged could not be written again: ${why}`)
    }
    const lockedUntil = await this.#extendLocksAfter(result, options.signal)
    if (lockedUntil !== undefined) result.lockedUntil = lockedUntil
    return result
  }

  /** What versions need is locked for longer, where objects are locked. What was stored stays stored when that fails, with a warning. */
  async #extendLocksAfter(result: { warnings: string[] }, signal?: AbortSignal): Promise<BackupResult['lockedUntil']> {
    try {
      return (await extendLocks(this.#repository, signal))?.lockedUntil
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      result.warnings.push(`Locks against removal could not be extended: ${why}`)
      return undefined
    }
  }

  async #backupOptions(sourcePath: string, options: Parameters<Session['backup']>[1]): Promise<BackupOptions> {
    const name = options.name ?? defaultVersionName(sourcePath)
    requireVersionName(name)
    requireSensible(options)
    const run: BackupOptions = { name, ...callOptions(options), ...priorityOf(options) }
    if (options.labels) run.labels = options.labels
    if (options.sourceLimit !== undefined) run.readLimit = options.sourceLimit
    if (options.base !== undefined) run.base = await this.#baseRecord(options.base)
    return run
  }

  hold(sources: readonly SourceRequest[], options: { signal?: AbortSignal } = {}): Promise<(HeldSource | Error)[]> {
    return holdSources(sources, this.#volumes, { ...options, repository: this.#repository.id })
  }

  release(held: HeldSource): Promise<string[]> {
    return releaseSource(held)
  }

  /** A backup mends what a scrub found: blocks by storing them again, and small objects here, from their second copies. */
  async #healObjects(options: CallOptions): Promise<void> {
    const { marks } = await this.#repository.refresh()
    const known = marks.damagedObjects.size + marks.missingPacks.size + this.#repository.index.damagedSegments.length
    if (known === 0) return
    await runRepair(this.#repository, { dryRun: false, forgetLostMarks: false, ...callOptions(options) })
  }

  async versions(filter?: string): Promise<Version[]> {
    return this.#filtered(await this.#repository.loadRecords(), filter)
  }

  async show(spec: string): Promise<VersionDetails> {
    const loaded = await this.#repository.loadRecords()
    const record = this.#record(loaded, spec)
    return viewDetails(record, loaded.marks, this.#repository.index)
  }

  async recipe(spec: string, { signal }: { signal?: AbortSignal } = {}): Promise<ShownRecipe | null> {
    const record = this.#record(await this.#repository.loadRecords(signal), spec)
    return (await readRecipe(this.#repository, record, showRecipe, signal)) ?? null
  }

  async extractRecipe(
    spec: string,
    folder: string,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<ExtractedRecipe> {
    const record = this.#record(await this.#repository.loadRecords(signal), spec)
    const extract = (read: ReadRange, sizeBytes: number) => extractRecipe(read, sizeBytes, folder)
    const extracted = await readRecipe(this.#repository, record, extract, signal)
    if (extracted) return extracted
    throw new HoldfastError('config.notFound', `Version ${record.id} of ${record.name} has no machine recipe.`, {
      advice: 'One is kept with backups of disks and volumes, not of image files. Another version may have one.',
      details: { version: record.id },
    })
  }

  async restore(spec: string, targetPath: string, options: Parameters<Session['restore']>[2]): Promise<RestoreResult> {
    const record = this.#record(await this.#repository.loadRecords(options.signal), spec)
    const places = { repository: this.#repository, folder: this.#folder, gate: this.#gate }
    return await restoreVersion(places, record, targetPath, options)
  }

  async read<T>(
    spec: string,
    work: (read: ReadRange, version: Version) => Promise<T>,
    options: { signal?: AbortSignal } = {},
  ): Promise<T> {
    const loaded = await this.#repository.loadRecords(options.signal)
    const record = this.#record(loaded, spec)
    const view = viewVersion(record, loaded.marks, this.#repository.index)
    return await readVersion(this.#repository, record, read => work(read, view), options.signal)
  }

  async openExport(spec: string): Promise<Export> {
    return await this.#desk.open(this.#record(await this.#repository.loadRecords(), spec))
  }

  async createOverlay(spec: string): Promise<string> {
    return await this.#desk.createOverlay(this.#record(await this.#repository.loadRecords(), spec))
  }

  openOverlay(id: string, options: { name?: string } = {}): Promise<WritableExport> {
    return this.#desk.openOverlay(id, options)
  }

  async commitOverlay(id: string, options: Parameters<Session['commitOverlay']>[1] = {}): Promise<BackupResult> {
    if (options.name !== undefined) requireVersionName(options.name)
    return await this.#desk.commitOverlay(id, options)
  }

  async exports(spec?: string): Promise<ExportList> {
    const open: OpenVersion = (record, summary) => this.#desk.open(record, summary)
    if (spec === undefined) return exportsOfRepository(this.#repository, open)
    const { list, record } = await exportOfVersion(this.#repository, spec, open)
    // So that the first client need not wait, and nothing of it is pruned while no client is there.
    await this.#desk.hold(record)
    return list
  }

  async compare(older: string, newer: string, options: { signal?: AbortSignal } = {}): Promise<Comparison> {
    const loaded = await this.#repository.loadRecords(options.signal)
    const [before, after] = [older, newer].map(spec => this.#record(loaded, spec)) as [VersionRecord, VersionRecord]
    return await compareVersions(this.#repository, before, after, options.signal)
  }

  async copyTo(target: Session, options: Parameters<Session['copyTo']>[1] = {}): Promise<CopyResult> {
    if (!(target instanceof RepositorySession)) throw new TypeError('the target is no session of this engine')
    requireOther(this.#repository, target.#repository)
    const loaded = await this.#repository.refresh(options.signal)
    const views = options.versions
      ? resolveVersions(this.#filtered(loaded), options.versions)
      : this.#filtered(loaded, options.filter)
    const wanted = views.map(view => ({ view, record: loaded.versions.find(({ id }) => id === view.id)! }))
    const places = {
      from: this.#repository,
      to: target.#repository,
      open: (record: VersionRecord) => this.#desk.open(record),
    }
    const result = await copyVersions(places, wanted, {
      ...callOptions(options),
      ...priorityOf(options),
      ...(options.dryRun && { dryRun: true }),
      ...(options.onVersion && { onVersion: options.onVersion }),
    })
    if (!options.dryRun) {
      await this.#noteCopies(target, result)
      await target.#extendLocksAfter(result, options.signal)
    }
    if (loaded.lostVersions.length > 0) {
      const lost = loaded.lostVersions.join(', ')
      result.warnings.push(`The records of these versions cannot be read, so they were not copied: ${lost}.`)
    }
    return result
  }

  /** What of a volume changed since a version that is there now need not be found out anew for the other repository. */
  async #noteCopies(target: Session, result: CopyResult): Promise<void> {
    if (!this.#volumes) return
    const there = [...result.copied, ...result.skipped].filter(({ status }) => status === 'complete')
    const versions = new Set<string>(there.map(({ version }) => version))
    const copies = { from: this.repositoryId, to: target.repositoryId, versions }
    try {
      await noteCopies(copies, this.#volumes)
    } catch (error) {
      // The copies are complete and stay; the next run reads more than it would have to.
      const why = error instanceof Error ? error.message : String(error)
      result.warnings.push(`The next backup of the volume to the other repository reads everything: ${why}`)
    }
  }

  async scrub(specs: readonly string[], options: Parameters<Session['scrub']>[1]): Promise<ScrubResult> {
    const loaded = await this.#repository.loadRecords(options.signal)
    const records = specs.map(spec => this.#record(loaded, spec))
    if (options.sourcePath !== undefined) {
      const record = records.length === 1 ? records[0] : undefined
      if (!record) {
        throw new HoldfastError('usage.invalid', 'Holding a version against its source needs exactly one version.', {
          advice: 'Name it: holdfast scrub VERSION --source PATH',
        })
      }
      await using source = closing(await openSource(options.sourcePath))
      // A version that was read in full has what is free as well.
      const usage = record.method === 'full' ? undefined : await usageOf(source.value, options.signal)
      return await compareWithSource(this.#repository, record, pausingSource(source.value, this.#gate), {
        ...callOptions(options),
        ...(usage?.allocated ? { used: usage.allocated.used } : {}),
      })
    }
    const result = await runScrub(this.#repository, {
      ...(records.length > 0 ? { versions: records } : {}),
      light: options.light ?? false,
      ...(options.percent === undefined ? {} : { percent: options.percent }),
      ...callOptions(options),
      ...priorityOf(options),
    })
    if (options.repairFrom) result.repair = await this.repairFrom(options.repairFrom, options)
    return result
  }

  async repairFrom(other: Session, options: CallOptions & PriorityOptions = {}): Promise<RepairedFromCopy> {
    if (!(other instanceof RepositorySession)) throw new TypeError('the other session is not of this engine')
    requireOther(other.#repository, this.#repository)
    const open = (record: VersionRecord) => other.#desk.open(record)
    const places = { repository: this.#repository, origin: other.#repository, open }
    const repaired = await repairFromCopy(places, { ...callOptions(options), ...priorityOf(options) })
    // What has a second copy, such as the records, is mended as after a backup.
    await this.#healObjects(options)
    return repaired
  }

  enforce(policy: string, options: Parameters<Session['enforce']>[1]): Promise<EnforceResult> {
    return enforcePolicy(this.#removal, policy, options)
  }

  remove(specs: readonly string[], options: Parameters<Session['remove']>[1]): Promise<RemoveResult> {
    return removeVersions(this.#removal, specs, options)
  }

  prune(options: Parameters<Session['prune']>[0]): Promise<PruneResult> {
    return runPrune(this.#repository, {
      dryRun: options.dryRun ?? false,
      ...callOptions(options),
      ...priorityOf(options),
    })
  }

  async protect(specs: readonly string[], protect: boolean): Promise<Version[]> {
    const versions = resolveVersions(await this.versions(), specs)
    for (const version of versions) {
      if (version.protected === protect) continue
      await this.#repository.versions.putMark({
        kind: 'protect',
        at: this.#now(),
        version: version.id,
        protected: protect,
      })
    }
    return versions.map(version => ({ ...version, protected: protect }))
  }

  async label(spec: string, edits: readonly string[]): Promise<Version> {
    const { set, remove } = parseLabelEdits(edits)
    const version = resolveVersion(await this.versions(), spec)
    await this.#repository.versions.putMark({ kind: 'labels', at: this.#now(), version: version.id, set, remove })
    return resolveVersion(await this.versions(), version.id)
  }

  stats(options: Parameters<Session['stats']>[0] = {}): Promise<StatsResult> {
    return gatherStats(this.#repository, this.url, options)
  }

  locks(options: LockReadOptions = {}): Promise<LockState | undefined> {
    return readLocks(this.#repository, options)
  }

  async extendLocks(options: { signal?: AbortSignal } = {}): Promise<ExtendedLocks> {
    const extended = await extendLocks(this.#repository, options.signal)
    if (extended) return extended
    throw new HoldfastError('config.notFound', `Nothing is locked against removal at ${this.url}.`, {
      advice: 'For a bucket with object lock, add lock=DAYS behind the question mark of its URL.',
      details: { url: this.url },
    })
  }

  keys(): Promise<KeyInfo[]> {
    return listKeys(this.#repository)
  }

  keyOf(secret: Secret): Promise<string | undefined> {
    return keyOf(this.#repository, secret)
  }

  addKey(secret: Secret, label?: string): Promise<KeyAdded> {
    return addKey(this.#repository, secret, label ?? '')
  }

  addRecoveryPhrase(): Promise<KeyAdded> {
    return addRecoveryPhrase(this.#repository)
  }

  removeKey(id: string): Promise<void> {
    return removeKey(this.#repository, id)
  }

  repair(options: Parameters<Session['repair']>[0]): Promise<RepairResult> {
    return runRepair(this.#repository, {
      dryRun: options.dryRun ?? false,
      forgetLostMarks: true,
      ...callOptions(options),
    })
  }

  async close(): Promise<void> {
    await this.#desk.close()
    await this.#repository.close()
  }

  #now(): string {
    return new Date(this.#repository.clock.now()).toISOString()
  }

  #filtered(loaded: LoadedRecords, filter?: string): Version[] {
    const views = viewVersions(loaded, this.#repository.index)
    return filterVersions(views, filter, { now: this.#repository.clock.now() })
  }

  #record(loaded: LoadedRecords, spec: string) {
    const { id } = resolveVersion(viewVersions(loaded, this.#repository.index), spec)
    return loaded.versions.find(record => record.id === id)!
  }

  get #removal(): Removal {
    return {
      repository: this.#repository,
      filtered: (loaded, filter) => this.#filtered(loaded, filter),
      versionsWithOverlays: async () => overlaysOf(await this.#overlays.list(), this.#repository.id),
    }
  }

  async #baseRecord(spec: string) {
    const loaded = await this.#repository.refresh()
    const record = this.#record(loaded, spec)
    if (record.status === 'complete') return record
    throw new HoldfastError(
      'repository.versionIncomplete',
      `Version ${record.id} is incomplete and cannot be a base.`,
      {
        advice: 'Name a complete version, or leave --base and --hints out to read everything.',
        details: { version: record.id },
      },
    )
  }
}

function callOptions(options: CallOptions): CallOptions {
  return {
    ...(options.signal ? { signal: options.signal } : {}),
    ...(options.onProgress ? { onProgress: options.onProgress } : {}),
  }
}

function priorityOf({ priority }: PriorityOptions): PriorityOptions {
  return priority === undefined ? {} : { priority }
}

function closing<T extends { close(): Promise<void> }>(value: T): AsyncDisposable & { value: T } {
  return { value, [Symbol.asyncDispose]: () => value.close() }
}
