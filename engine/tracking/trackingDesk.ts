import { fateOf } from '../base/processIdentity.ts'
import { isHoldfastError } from '../contract/errors.ts'
import type { TrackedSnapshot, TrackedVolumeState } from '../contract/tracking.ts'
import { count } from '../sources/ranges.ts'
import { isOwnedBy, leftoversOf } from './snapshotNames.ts'
import type { TrackingDeps } from './trackedRun.ts'
import type { Snapshot } from './trackedVolume.ts'
import { type TrackingRecord, withCopies, withoutRepository } from './trackingRecord.ts'

/** Everything of ours on this computer: kept snapshots, those that were left over, and what is remembered of volumes that are gone. */
export async function listTracking(deps: TrackingDeps, signal?: AbortSignal): Promise<TrackedVolumeState[]> {
  const [volumes, records] = await gather(deps, signal)
  // Nothing is written where there is nothing to tell.
  const owner = volumes.length > 0 ? await deps.store.owner() : ''
  const states: TrackedVolumeState[] = []
  for (const volume of volumes) {
    const record = records.find(one => one.volume === volume.id)
    const snapshots: TrackedSnapshot[] = []
    for (const snapshot of await volume.ownSnapshots(signal)) {
      const usage = await volume.usage(snapshot, signal)
      snapshots.push({
        name: snapshot.name,
        state: stateOf(snapshot, record, owner),
        takenAt: snapshot.id === record?.kept?.id ? record.kept.takenAt : null,
        usedBytes: usage?.usedBytes ?? null,
        roomBytes: usage?.roomBytes ?? null,
        isValid: await volume.isValid(snapshot),
      })
    }
    states.push({ volume: volume.id, path: volume.path, method: volume.method, snapshots, ...repositoriesOf(record) })
  }
  for (const record of records.filter(({ volume }) => !volumes.some(({ id }) => id === volume))) {
    const { volume, path, method } = record
    states.push({ volume, path, method, snapshots: [], ...repositoriesOf(record) })
  }
  return states.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}

/**
 * Removes all snapshots of ours from these volumes (by their ids), whoever of us made them, and what is remembered of them: the next
 * runs read everything. Nothing else is touched. config.inUse while a run is under way. Again is no error.
 */
export async function forgetVolumes(
  ids: readonly string[],
  deps: TrackingDeps,
  signal?: AbortSignal,
): Promise<string[]> {
  const removed: string[] = []
  const [volumes] = await gather(deps, signal)
  for (const id of ids) {
    const volume = volumes.find(one => one.id === id)
    if (volume === undefined) {
      await deps.store.remove(id)
      continue
    }
    await using _lock = await deps.locks.volume(volume, signal)
    for (const snapshot of await volume.ownSnapshots(signal)) {
      await deps.locks.inPool(volume, signal, () => volume.removeSnapshot(snapshot))
      removed.push(snapshot.name)
    }
    await deps.store.remove(id)
  }
  return removed
}

/**
 * Removes what runs of this state folder left when they died. What is in use by a run that lives is left alone. Resolves to the names of
 * snapshots that are gone.
 */
export async function removeLeftovers(deps: TrackingDeps): Promise<string[]> {
  const removed: string[] = []
  await deps.driver.releaseStale?.()
  for (const volume of await deps.driver.withOwnSnapshots()) {
    try {
      await using _lock = await deps.locks.volume(volume)
      const record = await deps.store.read(volume.id)
      const own = await volume.ownSnapshots()
      const owner = await deps.store.owner()
      for (const snapshot of leftoversOf(own, record ?? { kept: null, making: null }, owner)) {
        await deps.locks.inPool(volume, undefined, () => volume.removeSnapshot(snapshot))
        removed.push(snapshot.name)
      }
    } catch (error) {
      if (!isHoldfastError(error, 'config.inUse', 'source.inUse')) throw error
    }
  }
  return removed
}

/**
 * Versions have come into a repository by copy from another one: where what changed since such a version is known for the first, the next run
 * for the second reads only that, too. config.inUse while a run is under way; it then reads everything once.
 */
export async function noteCopies(
  copies: { from: string; to: string; versions: ReadonlySet<string> },
  deps: TrackingDeps,
): Promise<void> {
  for (const known of await deps.store.list()) {
    if (withCopies(known, copies) === known) continue
    const volume = (await deps.driver.withOwnSnapshots()).find(({ id }) => id === known.volume)
    if (volume === undefined) continue
    await using _lock = await deps.locks.volume(volume)
    const record = await deps.store.read(known.volume)
    const next = record && withCopies(record, copies)
    if (next && next !== record) await deps.store.write(next)
  }
}

/**
 * A repository is not backed up to any more, from any volume or from the one at a path: what is kept for it alone is removed. Resolves
 * to the names of snapshots that are gone. config.inUse while a run is under way.
 */
export async function forgetRepository(
  { repository, path }: { repository: string; path?: string },
  deps: TrackingDeps,
): Promise<string[]> {
  const removed: string[] = []
  const records = (await deps.store.list()).filter(({ repositories }) => repositories.has(repository))
  if (records.length === 0) return removed
  const only = path === undefined ? undefined : await deps.driver.find(path)
  if (path !== undefined && only === undefined) return removed
  const concerned = records.filter(({ volume }) => only === undefined || volume === only.id)
  const volumes = await deps.driver.withOwnSnapshots()
  for (const { volume: id } of concerned) {
    const volume = volumes.find(one => one.id === id)
    if (volume === undefined) {
      await deps.store.remove(id)
      continue
    }
    await using _lock = await deps.locks.volume(volume)
    const record = await deps.store.read(id)
    if (record === undefined) continue
    const next = withoutRepository(record, repository)
    if (next.kept === null) await deps.store.remove(id)
    else await deps.store.write(next)
    for (const snapshot of await volume.ownSnapshots()) {
      if (snapshot.id !== record.kept?.id || next.kept !== null) continue
      await deps.locks.inPool(volume, undefined, () => volume.removeSnapshot(snapshot))
      removed.push(snapshot.name)
    }
  }
  return removed
}

async function gather(deps: TrackingDeps, signal: AbortSignal | undefined) {
  return await Promise.all([deps.driver.withOwnSnapshots(signal), deps.store.list()])
}

function stateOf(snapshot: Snapshot, record: TrackingRecord | undefined, owner: string): TrackedSnapshot['state'] {
  if (snapshot.id === record?.kept?.id) return 'kept'
  const { making } = record ?? {}
  if (making && snapshot.name === making.name && fateOf(making.by) !== 'dead') return 'in-use'
  return isOwnedBy(owner, snapshot) ? 'left-over' : 'of-another'
}

function repositoriesOf(record: TrackingRecord | undefined): Pick<TrackedVolumeState, 'repositories'> {
  const stored = [...(record?.repositories ?? [])]
  return {
    repositories: stored.map(([repositoryId, { version, pending }]) => {
      return { repositoryId, version, pendingBytes: count(pending) }
    }),
  }
}
