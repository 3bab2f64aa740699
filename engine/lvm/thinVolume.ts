import { HoldfastError } from '../contract/errors.ts'
import { type RangeSet, union } from '../sources/ranges.ts'
import type { Changes, Snapshot, SnapshotOptions, SnapshotUsage, TrackedVolume } from '../tracking/trackedVolume.ts'
import { hasFailed } from './deviceStatus.ts'
import { listGroups, statusOf } from './inspect.ts'
import { hasExternalOrigin } from './kinds.ts'
import { LvmVolume, orUnknown, unknown } from './lvmVolume.ts'
import { findMapped } from './mappedDevices.ts'
import { poolStatus, withMetadataSnapshot } from './metadataSnapshot.ts'
import { kernelId } from './names.ts'
import { whyNoRoom } from './poolRoom.ts'
import type { LogicalVolume } from './report.ts'
import { activateThin, beforeChange, couldNotCreate, create, deactivateThin, noRoom } from './snapshotCommands.ts'
import type { LvmContext } from './system.ts'
import { exclusiveBytes, thinDelta, thinDump } from './thinTools.ts'

/** A volume of a thin pool: a snapshot shares its chunks until they are overwritten, so the pool knows what differs. */
export class ThinVolume extends LvmVolume implements TrackedVolume {
  readonly method = 'lvm-thin'
  readonly lockName: string
  readonly #pool: string

  /** `poolUuid` is that of the volume. */
  constructor(context: LvmContext, volume: LogicalVolume, poolUuid: string) {
    super(context, volume)
    this.#pool = kernelId(volume.groupUuid, poolUuid)
    this.lockName = `lvm-${poolUuid}`
  }

  async createSnapshot(name: string, options: SnapshotOptions = {}): Promise<Snapshot> {
    const { system, logger } = this.context
    const { volume, all } = await this.require(options.signal)
    await this.#requireRoom(all, options.signal)
    const groups = await listGroups(system, options.signal)
    await this.hide()
    beforeChange(options.signal)
    // It comes inactive, and stays so when the computer starts, however LVM is configured.
    const said = await create(system, volume, groups, name, ['--setactivationskip', 'y'])
    if (said !== undefined) throw couldNotCreate(volume, said)
    logger.debug('A snapshot was made', { path: volume.path, name })
    return await this.made(name)
  }

  async activate(snapshot: Snapshot): Promise<string> {
    const found = await this.requireSnapshot(snapshot)
    await this.hide()
    return await activateThin(this.context.system, found)
  }

  async deactivate(snapshot: Snapshot): Promise<void> {
    if ((await findMapped(this.context.system, snapshot.id)) === undefined) return
    await deactivateThin(this.context.system, await this.requireSnapshot(snapshot))
  }

  async changes(older: Snapshot, newer: Snapshot, signal?: AbortSignal): Promise<Changes> {
    return await orUnknown(async () => {
      const { volume, own, all } = await this.require(signal)
      const [from, to] = [older, newer].map(({ id }) => own.find(snapshot => snapshot.id === id))
      if (from === undefined) return unknown(`The snapshot ${older.name} is gone.`)
      if (to === undefined) return unknown(`The snapshot ${newer.name} is gone.`)
      const [olderId, newerId] = [from, to].map(({ poolUuid, thinId }) =>
        poolUuid === volume.poolUuid ? thinId : undefined,
      )
      if (olderId === undefined || newerId === undefined) return unknown('The snapshots are not in one pool.')
      // What was added to a snapshot since is no part of what was read from it.
      const olderSize = Math.min(older.sizeBytes, from.sizeBytes)
      const pair = { olderId, newerId, olderSize, newerSize: to.sizeBytes }
      const { written, discarded } = await withMetadataSnapshot(this.context, this.#pool, signal, device =>
        thinDelta(this.context.system, device, pair, signal),
      )
      if (hasExternalOrigin(volume, all)) return { known: true, written: union(written, discarded), discarded: [] }
      return { known: true, written, discarded }
    })
  }

  async allocated(snapshot: Snapshot, signal?: AbortSignal): Promise<RangeSet | undefined> {
    const { volume, own, all } = await this.require(signal)
    const found = own.find(({ id }) => id === snapshot.id)
    if (found?.thinId === undefined || hasExternalOrigin(volume, all)) return undefined
    const { thinId, sizeBytes } = found
    return await this.#orUndefined('Which parts of a volume were ever written is not known', async () =>
      withMetadataSnapshot(this.context, this.#pool, signal, device =>
        thinDump(this.context.system, device, thinId, sizeBytes, signal),
      ),
    )
  }

  async isValid(snapshot: Snapshot): Promise<boolean> {
    const moment = await this.look()
    if (!moment?.own.some(({ id }) => id === snapshot.id)) return false
    if ((await poolStatus(this.context, this.#pool)) === undefined) return false
    const status = await statusOf(this.context.system, snapshot.id)
    return status === undefined || !hasFailed(status)
  }

  async usage(snapshot: Snapshot, signal?: AbortSignal): Promise<SnapshotUsage | undefined> {
    const thinId = (await this.look(signal))?.own.find(({ id }) => id === snapshot.id)?.thinId
    if (thinId === undefined) return undefined
    const usedBytes = await this.#orUndefined('What a snapshot takes is not known', async () =>
      withMetadataSnapshot(this.context, this.#pool, signal, device =>
        exclusiveBytes(this.context.system, device, thinId, signal),
      ),
    )
    return usedBytes === undefined ? undefined : { usedBytes, roomBytes: null }
  }

  protected async describe({ id, name, sizeBytes }: LogicalVolume): Promise<Snapshot> {
    return { id, name, sizeBytes }
  }

  /** source.noRoomForSnapshot when the pool is full, or nearly. */
  async #requireRoom(all: readonly LogicalVolume[], signal: AbortSignal | undefined): Promise<void> {
    const status = await poolStatus(this.context, this.#pool, signal)
    const pool = all.find(({ id }) => id === this.#pool)
    if (status === undefined || pool === undefined) throw noAnswer(this.path)
    const why = whyNoRoom(status, pool.sizeBytes / status.data.total)
    if (why === undefined) return
    const name = `${pool.groupName}/${pool.name}`
    throw noRoom(
      this.path,
      `of its thin pool ${name}, ${why}.`,
      `Make the pool larger (lvextend ${name}), or remove volumes or snapshots from it, before it holds up whoever writes to it.`,
      { pool: name, ...status },
    )
  }

  /** Answers with nothing where something failed that is not a fault of this program, and says so in the log. */
  async #orUndefined<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    let result: T | undefined
    const changes = await orUnknown(async () => {
      result = await work()
      return { known: true, written: [], discarded: [] }
    })
    if (!changes.known) this.context.logger.warn(what, { path: this.path, why: changes.why })
    return result
  }
}

const noAnswer = (path: string) =>
  new HoldfastError('source.readFailed', `The thin pool of ${path} is not active, or has failed.`, {
    advice: 'Look at it with "lvs -a" and "dmsetup status".',
    details: { path },
  })
