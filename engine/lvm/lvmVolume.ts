import { hideOwnDevices } from '../base/udevRules.ts'
import { HoldfastError } from '../contract/errors.ts'
import type { Changes, Snapshot } from '../tracking/trackedVolume.ts'
import { listVolumes } from './inspect.ts'
import { ownSnapshotsOf } from './kinds.ts'
import type { LogicalVolume } from './report.ts'
import { remove } from './snapshotCommands.ts'
import type { LvmContext } from './system.ts'

/** All that is known of a volume and its group at one moment. */
export interface Moment {
  /** As it is called now. */
  volume: LogicalVolume
  own: LogicalVolume[]
  all: LogicalVolume[]
}

/**
 * What volumes of both kinds have in common. Everything is looked up anew by its identity each time: names change, and numbers inside
 * of a pool are given out again.
 */
export abstract class LvmVolume {
  readonly id: string
  readonly path: string
  readonly sizeBytes: number
  protected readonly context: LvmContext
  readonly #groupUuid: string

  constructor(context: LvmContext, volume: LogicalVolume) {
    this.context = context
    this.id = volume.id
    this.path = volume.path
    this.sizeBytes = volume.sizeBytes
    this.#groupUuid = volume.groupUuid
  }

  async ownSnapshots(signal?: AbortSignal): Promise<Snapshot[]> {
    const moment = await this.look(signal)
    return await Promise.all(moment?.own.map(snapshot => this.describe(snapshot, moment)) ?? [])
  }

  async removeSnapshot(snapshot: Snapshot): Promise<void> {
    const found = (await this.look())?.own.find(({ id }) => id === snapshot.id)
    if (found !== undefined) await remove(this.context.system, found)
  }

  /** Undefined when the volume is gone. */
  protected async look(signal?: AbortSignal): Promise<Moment | undefined> {
    const all = await listVolumes(this.context.system, this.#groupUuid, signal)
    const volume = all.find(({ id }) => id === this.id)
    return volume && { volume, own: ownSnapshotsOf(volume, all), all }
  }

  /** source.notFound when the volume is gone. */
  protected async require(signal?: AbortSignal): Promise<Moment> {
    const moment = await this.look(signal)
    if (moment !== undefined) return moment
    throw new HoldfastError('source.notFound', `The volume ${this.path} is not there any more.`, {
      advice: 'Look with "lvs" whether it was removed or its disk is missing.',
      details: { path: this.path },
    })
  }

  /** source.snapshotInvalid when the snapshot is gone. */
  protected async requireSnapshot(snapshot: Snapshot, signal?: AbortSignal): Promise<LogicalVolume> {
    const { own } = await this.require(signal)
    const found = own.find(({ id }) => id === snapshot.id)
    if (found !== undefined) return found
    throw new HoldfastError('source.snapshotInvalid', `The snapshot ${snapshot.name} of ${this.path} is gone.`, {
      advice: 'Start the backup again; it makes a new one.',
      details: { path: this.path, snapshot: snapshot.name },
      retryable: true,
    })
  }

  /** The snapshot that was just made. */
  protected async made(name: string): Promise<Snapshot> {
    const moment = await this.require()
    const found = moment.own.find(snapshot => snapshot.name === name)
    if (found !== undefined) return await this.describe(found, moment)
    throw new HoldfastError('source.notFound', `LVM made the snapshot ${name}, but not of ${this.path}.`, {
      advice: 'The volume was renamed at that very moment; remove that snapshot, and start again.',
      details: { path: this.path, snapshot: name },
      retryable: true,
    })
  }

  /** Before a snapshot appears: it has the identifiers of the volume, and must not take its place in /dev/disk. */
  protected async hide(): Promise<void> {
    await hideOwnDevices(this.context.system.run, this.context.logger)
  }

  protected abstract describe(snapshot: LogicalVolume, moment: Moment): Promise<Snapshot>
}

const passes: ReadonlySet<string> = new Set(['run.cancelled', 'internal.bug'])

/** Answers with the reason instead of failing, except when it was cancelled or is a fault of this program. */
export async function orUnknown(work: () => Promise<Changes>): Promise<Changes> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof HoldfastError) || passes.has(error.code)) throw error
    return unknown([error.message, error.advice].filter(part => part !== undefined).join(' '))
  }
}

export const unknown = (why: string): Changes => ({ known: false, why })
