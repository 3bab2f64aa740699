import { HoldfastError } from '../contract/errors.ts'
import { decideRoom } from '../contract/snapshotRoom.ts'
import { normalize, type RangeSet } from '../sources/ranges.ts'
import type { Changes, Snapshot, SnapshotOptions, SnapshotUsage, TrackedVolume } from '../tracking/trackedVolume.ts'
import { readCowDevice, readCowDeviceHeader } from './cowDevice.ts'
import { type ClassicStatus, parseClassicStatus } from './deviceStatus.ts'
import { listGroups, statusOf } from './inspect.ts'
import { LvmVolume, type Moment, orUnknown, unknown } from './lvmVolume.ts'
import { findMapped } from './mappedDevices.ts'
import type { LogicalVolume, VolumeGroup } from './report.ts'
import { beforeChange, couldNotCreate, create, noRoom } from './snapshotCommands.ts'
import type { LvmContext } from './system.ts'

/**
 * A volume outside of thin pools: linear, striped, mirrored, cached. What is overwritten while a snapshot lives is copied into the
 * snapshot's own store first; the table of that store says what was. When the store is full, the snapshot is lost.
 */
export class ClassicVolume extends LvmVolume implements TrackedVolume {
  readonly method = 'lvm-classic'
  readonly lockName: string

  constructor(context: LvmContext, volume: LogicalVolume) {
    super(context, volume)
    // Snapshots share the room of the group.
    this.lockName = `lvm-${volume.groupUuid}`
  }

  async createSnapshot(name: string, options: SnapshotOptions = {}): Promise<Snapshot> {
    const { system, logger } = this.context
    const { volume } = await this.require(options.signal)
    const groups = await listGroups(system, options.signal)
    const room = roomFor(volume, groups, options)
    await this.hide()
    beforeChange(options.signal)
    const said = await create(system, volume, groups, name, [
      '--size',
      `${room.roomBytes}b`,
      '--chunksize',
      `${room.chunkBytes}b`,
    ])
    if (said !== undefined) throw couldNotCreate(volume, said)
    logger.debug('A snapshot was made', { path: volume.path, name, ...room })
    return await this.made(name)
  }

  /** It is readable as long as the volume is. */
  async activate(snapshot: Snapshot): Promise<string> {
    const device = await findMapped(this.context.system, snapshot.id)
    if (device !== undefined) return device.path
    throw new HoldfastError('source.snapshotInvalid', `The snapshot ${snapshot.name} of ${this.path} is not active.`, {
      advice: 'Activate the volume with "lvchange -ay", or remove the snapshot.',
      details: { path: this.path, snapshot: snapshot.name },
    })
  }

  /** LVM cannot do that without taking the volume away, too. */
  async deactivate(): Promise<void> {}

  async changes(older: Snapshot, newer: Snapshot, signal?: AbortSignal): Promise<Changes> {
    return await orUnknown(async () => {
      const { own } = await this.require(signal)
      for (const { id, name } of [older, newer])
        if (!own.some(snapshot => snapshot.id === id)) return unknown(`The snapshot ${name} is gone.`)

      const { system } = this.context
      const [device, store] = await Promise.all([findMapped(system, older.id), findMapped(system, `${older.id}-cow`)])
      if (device === undefined || store === undefined) return unknown(`The snapshot ${older.name} is not active.`)
      // The newer one is there already, so that nothing that it holds is missing in the table.
      const table = await this.#reading(older, () => readCowDevice(store.path, device.sizeBytes, signal))
      if (!table.known) return unknown(`The snapshot ${older.name} does not tell what was written: ${table.why}.`)
      // It may have run out of room while the table was read, and from then on nothing is noted.
      const why = await this.#whyInvalid(older)
      if (why !== undefined) return unknown(`The snapshot ${older.name} became invalid: ${why}.`)
      return { known: true, written: grown(table.written, older, newer, device.sizeBytes), discarded: [] }
    })
  }

  /** A volume without a pool does not know. */
  async allocated(): Promise<undefined> {
    return undefined
  }

  async isValid(snapshot: Snapshot): Promise<boolean> {
    return (await this.#whyInvalid(snapshot)) === undefined
  }

  async usage(snapshot: Snapshot, signal?: AbortSignal): Promise<SnapshotUsage | undefined> {
    const status = await this.#status(snapshot, signal)
    return status?.valid ? { usedBytes: status.usedBytes, roomBytes: status.roomBytes } : undefined
  }

  /** What LVM says is the size of its store; what can be read has that of its device. */
  protected async describe(snapshot: LogicalVolume, { volume }: Moment): Promise<Snapshot> {
    const device = await findMapped(this.context.system, snapshot.id)
    return { id: snapshot.id, name: snapshot.name, sizeBytes: device?.sizeBytes ?? volume.sizeBytes }
  }

  async #status(snapshot: Snapshot, signal?: AbortSignal): Promise<ClassicStatus | undefined> {
    return parseClassicStatus((await statusOf(this.context.system, snapshot.id, signal)) ?? '')
  }

  /** By the kernel, and by what stands on the medium, which is what counts after the next start of the computer. */
  async #whyInvalid(snapshot: Snapshot): Promise<string | undefined> {
    const status = await this.#status(snapshot)
    if (status === undefined) return 'it is gone'
    if (!status.valid) return `the kernel calls it ${status.why}`
    const store = await findMapped(this.context.system, `${snapshot.id}-cow`)
    if (store === undefined) return 'it is gone'
    const header = await this.#reading(snapshot, () => readCowDeviceHeader(store.path))
    return header.valid ? undefined : header.why
  }

  /** Errors of the store as ours. */
  async #reading<T>(snapshot: Snapshot, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (cause) {
      if (cause instanceof HoldfastError || (cause as NodeJS.ErrnoException).code === undefined) throw cause
      const { message } = cause as Error
      throw new HoldfastError('source.readFailed', `The store of ${snapshot.name} cannot be read: ${message}`, {
        details: { path: this.path, snapshot: snapshot.name },
        cause,
      })
    }
  }
}

/** With what is new at the end of a volume that grew, of which the table says nothing. */
function grown(written: RangeSet, older: Snapshot, newer: Snapshot, tableSize: number): RangeSet {
  const known = Math.min(older.sizeBytes, tableSize)
  return normalize([...written, { start: known, end: newer.sizeBytes }])
    .filter(({ start }) => start < newer.sizeBytes)
    .map(({ start, end }) => ({ start, end: Math.min(end, newer.sizeBytes) }))
}

const mib = (bytes: number) => `${Math.ceil(bytes / 1024 / 1024)} MiB`

function roomFor(volume: LogicalVolume, groups: readonly VolumeGroup[], { roomBytes, largest }: SnapshotOptions) {
  const group = groups.find(({ uuid }) => uuid === volume.groupUuid)
  const { freeBytes = 0, extentBytes = 4 * 1024 * 1024 } = group ?? {}
  const room = decideRoom({ volumeBytes: volume.sizeBytes, freeBytes, extentBytes, roomBytes, largest })
  if (room.isEnough) return { roomBytes: room.roomBytes, chunkBytes: room.chunkBytes }
  throw noRoom(
    volume.path,
    `the volume group ${volume.groupName} has ${mib(freeBytes)} free, and ${mib(room.neededBytes)} are needed.`,
    `${roomBytes === undefined ? '' : 'Ask for a smaller snapshot, which holds for less time; or '}${
      roomBytes === undefined ? 'Make' : 'make'
    } room in the group (vgextend, lvremove); or back the volume up while it is in use, without a snapshot.`,
    { group: volume.groupName, freeBytes, neededBytes: room.neededBytes },
  )
}
