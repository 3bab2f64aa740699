import type { Clock } from '../base/clock.ts'
import { ownIdentity } from '../base/processIdentity.ts'
import { HoldfastError, isHoldfastError, throwIfAborted } from '../contract/errors.ts'
import { fateOfMaker, leftoversOf, newSnapshotName } from './snapshotNames.ts'
import type { Changes, Snapshot, SnapshotDriver, TrackedVolume } from './trackedVolume.ts'
import {
  emptyRecord,
  type KeptSnapshot,
  keepSnapshot,
  planReading,
  type ReadingPlan,
  type TrackingRecord,
  withoutRepository,
  withResizedEnd,
} from './trackingRecord.ts'
import type { TrackingStore } from './trackingStore.ts'
import type { HeldLock, VolumeLocks } from './volumeLocks.ts'

export interface TrackingDeps {
  driver: SnapshotDriver
  store: TrackingStore
  locks: VolumeLocks
  clock: Clock
}

export interface TrackedRunOptions {
  /** Id of the repository that the run stores in. */
  repository: string
  /** Keep the snapshot, so that the next run reads only what changed. Writes to the volume cost more while it is kept. */
  keep: boolean
  /** At most this much room for the snapshot, bytes; judged by the volume and by what is free unless given. */
  roomBytes?: number
  signal?: AbortSignal
}

/** What a run reads. */
export interface SnapshotReading {
  snapshot: KeptSnapshot
  /** Of the active snapshot. */
  devicePath: string
  plan: ReadingPlan
}

/**
 * One run of one volume, from its lock to the end of what it made: `begin`, `take`, `open`, then `finish` when a version was
 * committed. Disposed of before that, it removes its snapshot and leaves everything as it was before.
 *
 * Order, so that a kill at any moment leaves nothing that the next run does not find: the name of a snapshot is recorded before it
 * is made; the record that names the new snapshot as the kept one is durable before the old one goes.
 */
export class TrackedRun implements AsyncDisposable {
  readonly volume: TrackedVolume
  /** For people: what went wrong without ending the run. */
  readonly warnings: string[] = []
  readonly #deps: TrackingDeps
  readonly #options: TrackedRunOptions
  readonly #lock: HeldLock
  readonly #owner: string
  #record: TrackingRecord
  /** Why nothing is known of the changes since the last run, where something was kept and is of no use. */
  #whyUnknown: string | undefined
  #snapshot: KeptSnapshot | undefined
  #changes: Changes | undefined
  #isActive = false
  #isOver = false

  private constructor(
    volume: TrackedVolume,
    deps: TrackingDeps,
    options: TrackedRunOptions,
    own: { lock: HeldLock; owner: string; record: TrackingRecord },
  ) {
    this.volume = volume
    this.#deps = deps
    this.#options = options
    this.#lock = own.lock
    this.#owner = own.owner
    this.#record = own.record
  }

  /**
   * Takes the lock of the volume at `path`, removes what dead runs left of it, and gets ready to take a snapshot. Errors of the driver,
   * and config.inUse.
   */
  static async begin(
    found: TrackedVolume,
    path: string,
    deps: TrackingDeps,
    options: TrackedRunOptions,
  ): Promise<TrackedRun> {
    const lock = await deps.locks.volume(found, options.signal)
    try {
      const volume = lock.hasWaited ? await deps.driver.find(path, options.signal) : found
      if (volume?.id !== found.id) throw changedMeanwhile(path)
      const owner = await deps.store.owner()
      const known = await deps.store.read(volume.id)
      const record = known ?? emptyRecord(volume.id, volume.path, volume.method)
      const run = new TrackedRun(volume, deps, options, { lock, owner, record })
      await run.#recover()
      return run
    } catch (error) {
      await lock[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Room was not what the snapshot lacked, or there is no more of it. */
  get canBeLarger(): boolean {
    return this.volume.method === 'lvm-classic' && this.#options.roomBytes === undefined
  }

  /**
   * Takes the snapshot. Where there is no room for it beside the kept one, that one is given up. Called again, the one that was
   * taken before is replaced, by the largest that there is room for. source.noRoomForSnapshot.
   */
  async take(): Promise<KeptSnapshot> {
    const largest = this.#snapshot !== undefined
    if (this.#snapshot) {
      await this.#deactivate()
      await this.#remove([this.#snapshot])
      this.#snapshot = undefined
    }
    try {
      this.#snapshot = await this.#create(largest)
    } catch (error) {
      const { kept } = this.#record
      if (kept === null || !isHoldfastError(error, 'source.noRoomForSnapshot')) throw error
      await this.#giveUp(kept, 'there was no room for a further snapshot beside the one that was kept')
      this.#snapshot = await this.#create(largest)
    }
    return this.#snapshot
  }

  /** Finds out what is to be read of the snapshot, and makes it readable. */
  async open(): Promise<SnapshotReading> {
    const snapshot = this.#snapshot!
    const { repository, signal } = this.#options
    this.#changes = await this.#changesUntil(snapshot)
    const plan: ReadingPlan =
      this.#whyUnknown === undefined
        ? planReading(this.#record, repository, this.#changes, snapshot.sizeBytes)
        : { known: false, why: this.#whyUnknown }
    throwIfAborted(signal, 'The backup')
    this.#isActive = true
    return { snapshot, devicePath: await this.volume.activate(snapshot), plan }
  }

  /**
   * A version was committed: `version` when it is complete. `isMistaken` when the changes proved wrong while it was read. Durable
   * when it resolves. Fails when the record cannot be written; everything is as before the run then.
   */
  async finish(made: { version: string | undefined; isMistaken: boolean }): Promise<void> {
    const snapshot = this.#snapshot!
    const { repository, keep } = this.#options
    const changes = made.isMistaken ? undefined : this.#changes
    const next = keep
      ? keepSnapshot(this.#record, { repository, version: made.version, snapshot, changes })
      : { ...withoutRepository(this.#record, repository), making: null }
    // Left readable, it is of use all the same.
    await this.#deactivate().catch(error => this.#warn(error))
    const before = this.#record.kept
    await this.#write({ ...next, path: this.volume.path, method: this.volume.method })
    this.#isOver = true
    const unneeded = [before, snapshot].filter(one => one !== null && one.id !== next.kept?.id)
    await this.#removeOrWarn(unneeded as Snapshot[])
    await this.#lock[Symbol.asyncDispose]()
  }

  /** Unless the run has finished, undoes what it did. Does not fail: what could not be removed goes with the next run. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    try {
      await this.#deactivate().catch(error => this.#warn(error))
      if (this.#snapshot) await this.#removeOrWarn([this.#snapshot])
      await this.#write({ ...this.#record, making: null }).catch(error => this.#warn(error))
    } finally {
      await this.#lock[Symbol.asyncDispose]()
    }
  }

  /** Removes what dead runs left, and finds out whether the kept snapshot is still of use. */
  async #recover(): Promise<void> {
    const { making, kept } = this.#record
    if (making !== null && fateOfMaker(making.by) === 'alive') throw changedMeanwhile(this.volume.path)
    const own = await this.volume.ownSnapshots(this.#options.signal)
    await this.#removeOrWarn(leftoversOf(own, this.#record, this.#owner))
    if (kept === null) return
    const there = own.find(({ id }) => id === kept.id)
    if (there === undefined) {
      await this.#giveUp(undefined, 'the snapshot that was kept is gone')
    } else if (!(await this.volume.isValid(there))) {
      // It holds no more than room that the next one can use.
      await this.#giveUp(there, 'more was written to the volume than the kept snapshot had room for')
    }
  }

  async #create(largest: boolean): Promise<KeptSnapshot> {
    const { roomBytes, signal } = this.#options
    const name = newSnapshotName(this.#owner)
    await this.#write({ ...this.#record, making: { name, by: ownIdentity() } })
    const options = {
      ...(roomBytes === undefined ? {} : { roomBytes }),
      ...(largest ? { largest } : {}),
      ...(signal === undefined ? {} : { signal }),
    }
    return await this.#deps.locks.inPool(this.volume, signal, async () => {
      // All that was written before this moment is in it.
      const takenAt = new Date(this.#deps.clock.now()).toISOString()
      const { id, sizeBytes } = await this.volume.createSnapshot(name, options)
      return { id, name, sizeBytes, takenAt }
    })
  }

  async #changesUntil(snapshot: KeptSnapshot): Promise<Changes | undefined> {
    const { kept, repositories } = this.#record
    const { keep, repository, signal } = this.#options
    if (kept === null || !(keep || repositories.has(repository))) return undefined
    const changes = await this.volume.changes(kept, snapshot, signal)
    return withResizedEnd(changes, kept.sizeBytes, snapshot.sizeBytes)
  }

  /** Nothing is known any more of what changed. `kept` is removed, if it is still there. */
  async #giveUp(kept: Snapshot | undefined, why: string): Promise<void> {
    if (this.#record.repositories.has(this.#options.repository)) this.#whyUnknown = why
    await this.#write({ ...this.#record, kept: null, repositories: new Map() })
    if (kept) await this.#removeOrWarn([kept])
  }

  async #deactivate(): Promise<void> {
    if (!this.#isActive || !this.#snapshot) return
    await this.volume.deactivate(this.#snapshot)
    this.#isActive = false
  }

  /** Not cancelled: what is begun to be cleaned up is cleaned up. */
  async #remove(snapshots: readonly Snapshot[]): Promise<void> {
    for (const snapshot of snapshots) {
      await this.#deps.locks.inPool(this.volume, undefined, () => this.volume.removeSnapshot(snapshot))
    }
  }

  async #removeOrWarn(snapshots: readonly Snapshot[]): Promise<void> {
    for (const snapshot of snapshots) await this.#remove([snapshot]).catch(error => this.#warn(error))
  }

  /** A record that says nothing is no record. */
  async #write(record: TrackingRecord): Promise<void> {
    const { store } = this.#deps
    if (record.kept === null && record.making === null) await store.remove(record.volume)
    else await store.write(record)
    this.#record = record
  }

  #warn(error: unknown): void {
    this.warnings.push(error instanceof Error ? error.message : String(error))
  }
}

const changedMeanwhile = (path: string) =>
  new HoldfastError('config.inUse', `What is at ${path} is being changed by another process.`, {
    advice: 'Wait until it has ended, then try again.',
    details: { path },
    retryable: true,
  })
