import type { SnapshotDriver, TrackedVolume } from '../tracking/trackedVolume.ts'
import { ClassicVolume } from './classicVolume.ts'
import { listVolumes } from './inspect.ts'
import { kindOf, ownSnapshotsOf } from './kinds.ts'
import { mappedOfNumber } from './mappedDevices.ts'
import { releaseStale } from './metadataSnapshot.ts'
import { groupUuidOf } from './names.ts'
import { missingPrograms, requirePrograms } from './programs.ts'
import type { LogicalVolume } from './report.ts'
import type { LvmContext } from './system.ts'
import { ThinVolume } from './thinVolume.ts'

/** Volumes of LVM, thin and classic. Only for root: nobody else may make snapshots. */
export class LvmDriver implements SnapshotDriver {
  readonly #context: LvmContext

  constructor(context: LvmContext) {
    this.#context = context
  }

  async find(path: string, signal?: AbortSignal): Promise<TrackedVolume | undefined> {
    const { system } = this.#context
    if (!system.isRoot) return undefined
    const identity = await system.access.identify(path)
    if (identity?.kind !== 'device') return undefined
    const device = await mappedOfNumber(system, identity.deviceId)
    const groupUuid = device && groupUuidOf(device.uuid)
    if (device === undefined || groupUuid === undefined) return undefined

    await requirePrograms(system, 'classic', path)
    const all = await listVolumes(system, groupUuid, signal)
    const volume = all.find(({ id }) => id === device.uuid)
    if (volume === undefined) return undefined
    if (kindOf(volume) === 'thin') await requirePrograms(system, 'thin', path)
    return this.#tracked(volume)
  }

  async withOwnSnapshots(signal?: AbortSignal): Promise<TrackedVolume[]> {
    const { system } = this.#context
    if (!system.isRoot || (await missingPrograms(system, 'classic')).length > 0) return []
    const all = await listVolumes(system, undefined, signal)
    return all
      .filter(volume => ownSnapshotsOf(volume, all).length > 0)
      .map(volume => this.#tracked(volume))
      .filter(volume => volume !== undefined)
  }

  /**
   * Undoes what processes with this state folder left at thin pools when they died, as far as those are active. To be called when
   * the service starts; whoever compares snapshots next does it for that pool, too. Never fails.
   */
  async releaseStale(): Promise<void> {
    await releaseStale(this.#context)
  }

  #tracked(volume: LogicalVolume): TrackedVolume | undefined {
    const kind = kindOf(volume)
    if (kind === 'classic') return new ClassicVolume(this.#context, volume)
    return kind === 'thin' && volume.poolUuid !== undefined
      ? new ThinVolume(this.#context, volume, volume.poolUuid)
      : undefined
  }
}
