import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, systemClock } from '../base/clock.ts'
import { parseMountInfo } from '../base/linux/mounts.ts'
import { type SystemAccess, systemAccess } from '../base/linux/system.ts'
import type { Logger } from '../base/logger.ts'
import { type RunSystemProgram, runSystemProgram } from '../base/systemPrograms.ts'
import type { DestinationState, DriveDevice, DriveInventory, EjectResult } from '../contract/drives.ts'
import { HoldfastError } from '../contract/errors.ts'
import { destinationState, isMountable, type KnownDestination } from './destinationState.ts'
import { type DriveUse, type DriveUsers, driveBusy, findDriveUsers } from './driveUsers.ts'
import type { RepositoryFinder, SearchResult } from './findRepositories.ts'
import { deviceById } from './inventory.ts'
import {
  dropDeadMount,
  lockContainer,
  type MountedBy,
  type MountTools,
  mountDevice,
  nameOf,
  nodeOf,
  powerOff,
  syncFileSystem,
  unmountPoint,
} from './mountPrograms.ts'
import { MountRecords } from './mountRecords.ts'

export interface DriveMounterOptions {
  /** Makes an inventory. */
  read(signal?: AbortSignal): Promise<DriveInventory>
  finder: Pick<RepositoryFinder, 'search'>
  logger: Logger
  /** Holds mount points ('media') and records of them ('mounts'). '/run/holdfast' unless given. */
  runFolder?: string
  run?: RunSystemProgram
  system?: SystemAccess
  isRoot?: boolean
  findUsers?: (use: DriveUse) => Promise<DriveUsers>
  clock?: Pick<Clock, 'sleep'>
}

/** A mount, normally our work. */
interface OwnMount {
  /** Id of the device. */
  device: string
  mountPoint: string
  by: MountedBy
}

/** A drive has few partitions; a mount that comes back as fast as it goes is somebody else's wish. */
const mostRounds = 64
/** Who only looks is gone by then. */
const triesWhenBusy = 10
const pauseMs = 200

/**
 * Mounts the drives of destinations and lets go of them again. One thing at a time. It creates nothing but its own mount
 * points, and writes nothing into those.
 */
export class DriveMounter {
  readonly #options: DriveMounterOptions
  readonly #tools: MountTools
  readonly #records: MountRecords
  readonly #mediaFolder: string
  /** Mounted once and found to be without the repository: not again before the drive is attached anew. */
  readonly #fruitless = new Map<string, DestinationState>()
  /** Ejected and perhaps still plugged in: likewise. */
  readonly #ejected = new Set<string>()
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: DriveMounterOptions) {
    const { runFolder = '/run/holdfast' } = options
    this.#options = options
    this.#tools = {
      run: options.run ?? runSystemProgram,
      system: options.system ?? systemAccess,
      isRoot: options.isRoot ?? process.getuid?.() === 0,
    }
    this.#records = new MountRecords(join(runFolder, 'mounts'))
    this.#mediaFolder = join(runFolder, 'media')
  }

  /** Looks what has become of a destination now, and mounts nothing. Only fails with `run.cancelled`. */
  async look(known: KnownDestination, signal?: AbortSignal): Promise<DestinationState> {
    return (await this.#look(known, signal)).state
  }

  /**
   * The same, and when the drive is connected and not mounted, mounts it, provided the person allowed that for this
   * destination. For a run that is about to begin; to know the state, look.
   *
   * A device on which the repository turns out not to be is unmounted again. That one, and a drive that was ejected, is left
   * alone until it is attached anew, unless `insist` says that a person asks for it now. Fails with `storage.failed` when
   * mounting does; may be repeated.
   */
  mountFor(
    known: KnownDestination & { mayMount: boolean },
    options: { insist?: boolean; signal?: AbortSignal } = {},
  ): Promise<DestinationState> {
    const { insist = false, signal } = options
    return this.#alone(async () => {
      const first = await this.#look(known, signal)
      if (first.state.state !== 'present-unmounted' || !known.mayMount) return first.state
      await this.#dropDeadMounts(first.inventory)
      let last: DestinationState = first.state
      for (const id of first.state.devices) {
        const device = deviceById(first.inventory, id)
        if (device === undefined) continue
        const key = `${known.repositoryId} ${attachmentOf(device)} ${device.fileSystem?.uuid}`
        const before = this.#fruitless.get(key)
        if (!insist && (before !== undefined || this.#ejected.has(attachmentOf(device)))) {
          last = before ?? last
          continue
        }
        const { mountPoint, by } = await this.#mount(device, signal)
        const { state } = await this.#look(known, signal)
        if (state.state === 'connected' && state.drive === device.id) return state
        this.#options.logger.info('the repository is not on this drive', { device: device.path, mountPoint })
        if (by !== 'others') await this.#letGo({ device: device.id, mountPoint }, signal)
        if (state.state === 'connected') return state
        this.#fruitless.set(key, state)
        last = state
      }
      return last
    })
  }

  /**
   * Makes the file system of a device that a person chose reachable, and answers where; to be released afterwards. Fails with `storage.driveNotConnected` when it is not there, and with
   * `storage.failed` when it cannot be mounted; may be repeated.
   */
  reach(deviceId: string, signal?: AbortSignal): Promise<{ device: DriveDevice; mountPoint: string }> {
    return this.#alone(async () => {
      const inventory = await this.#options.read(signal)
      const device = deviceById(inventory, deviceId)
      if (device === undefined) throw notConnected(deviceId)
      const [mountPoint] = device.mountPoints
      if (mountPoint !== undefined) return { device, mountPoint }
      if (!isMountable(device)) {
        throw new HoldfastError('storage.failed', `${nameOf(device)} holds no file system that can be mounted.`, {
          advice: 'Choose another drive, unlock it if it is encrypted, or make a file system on it first.',
          details: { device: device.id, path: device.path, type: device.fileSystem?.type ?? null },
        })
      }
      await this.#dropDeadMounts(inventory)
      const mounted = await this.#mount(device, signal)
      return { device: { ...device, mountPoints: [mounted.mountPoint] }, mountPoint: mounted.mountPoint }
    })
  }

  /** Takes away mounts of ours whose drive was unplugged. For the start of the helper, and when a drive departs. */
  tidy(): Promise<void> {
    return this.#alone(async () => this.#dropDeadMounts(await this.#options.read()))
  }

  /** Device ids of mounts that are ours and still there, also those of a helper that was killed. */
  async ours(): Promise<string[]> {
    return (await this.#present(await this.#options.read())).map(({ device }) => device)
  }

  /**
   * Unmounts a device if that mount is ours; nothing happens otherwise. Answers whether it did. `storage.driveBusy` when it
   * is in use.
   */
  release(deviceId: string, signal?: AbortSignal): Promise<boolean> {
    return this.#alone(async () => {
      const records = await this.#present(await this.#options.read(signal))
      const record = records.find(({ device }) => device === deviceId)
      if (record === undefined) return false
      await this.#letGo(record, signal)
      return true
    })
  }

  /**
   * Makes a drive ready to be unplugged: everything written out, all of its partitions unmounted, encrypted containers
   * closed, switched off where udisks can. Mounts that are not ours only go with `unmountOthers`, that is, when a person
   * asked for the drive to be ejected.
   *
   * Fails with `storage.driveNotConnected`, `target.systemDisk`, and `storage.driveBusy` with the users of the drive; what
   * is unmounted by then stays so, and it may be repeated.
   */
  eject(deviceId: string, options: { unmountOthers: boolean }, signal?: AbortSignal): Promise<EjectResult> {
    return this.#alone(() => this.#eject(deviceId, options.unmountOthers, signal))
  }

  async #eject(deviceId: string, unmountOthers: boolean, signal: AbortSignal | undefined): Promise<EjectResult> {
    const inventory = await this.#options.read(signal)
    const device = deviceById(inventory, deviceId)
    if (device === undefined) throw notConnected(deviceId, 'It can be unplugged, if it is not already.')
    const parts = inventory.devices.filter(other => other.drives.some(id => device.drives.includes(id)))
    if (parts.some(part => part.isSystem)) {
      throw new HoldfastError(
        'target.systemDisk',
        `${nameOf(device)} holds the running system and cannot be ejected.`,
        {
          advice: 'Choose an external drive.',
          details: { device: deviceId },
        },
      )
    }
    const ours = new Set((await this.#present(inventory)).map(({ mountPoint }) => mountPoint))
    const foreign = parts.flatMap(part => part.mountPoints).filter(point => !ours.has(point))
    const unmounted = await this.#unmountAll(parts, point => unmountOthers || ours.has(point), signal)
    if (!unmountOthers && foreign.length > 0) {
      const note = `Others still use the drive at ${foreign.join(', ')}.`
      return { unmounted, poweredOff: false, note, usedAt: foreign }
    }
    for (const part of parts) this.#ejected.add(attachmentOf(part))
    return { unmounted, ...(await this.#switchOff(parts)) }
  }

  /** Unmounts what `wanted` says, the deepest first. */
  async #unmountAll(
    parts: readonly DriveDevice[],
    wanted: (mountPoint: string) => boolean,
    signal: AbortSignal | undefined,
  ): Promise<string[]> {
    const unmounted: string[] = []
    const ids = new Set(parts.map(({ id }) => id))
    for (let round = 0; round < mostRounds; round++) {
      const inventory = await this.#options.read(signal)
      const mounts = inventory.devices
        .filter(({ id }) => ids.has(id))
        .flatMap(device => device.mountPoints.filter(wanted).map(mountPoint => ({ device, mountPoint })))
        .sort((a, b) => b.mountPoint.length - a.mountPoint.length)
      const next = mounts[0]
      if (next === undefined) return unmounted
      await this.#unmount(next.device, next.mountPoint, inventory)
      unmounted.push(next.mountPoint)
    }
    return unmounted
  }

  async #switchOff(parts: readonly DriveDevice[]): Promise<Pick<EjectResult, 'poweredOff' | 'note'>> {
    const notes: string[] = []
    const opened = new Set(parts.filter(({ kind }) => kind === 'crypt').flatMap(({ restsOn }) => restsOn))
    for (const container of parts.filter(({ id }) => opened.has(id))) {
      const why = await lockContainer(container, this.#tools)
      if (why !== undefined) notes.push(`${nameOf(container)} was not locked: ${why}.`)
    }
    const drives = parts.filter(part => part.drives.includes(part.id) && part.kind === 'disk' && isExternal(part))
    let poweredOff = drives.length > 0
    for (const drive of drives) {
      const why = await powerOff(drive, this.#tools)
      if (why === undefined) continue
      poweredOff = false
      notes.push(`${nameOf(drive)} was not switched off: ${why}.`)
    }
    return { poweredOff, note: notes.length === 0 ? null : notes.join(' ') }
  }

  async #look(known: KnownDestination, signal: AbortSignal | undefined) {
    const inventory = await this.#options.read(signal)
    const search: SearchResult = await this.#options.finder.search(inventory, {
      relativePaths: known.drive === null ? [] : [known.drive.pathOnDrive],
      paths: known.path === null ? [] : [known.path],
      ...(signal === undefined ? {} : { signal }),
    })
    return { inventory, state: destinationState(known, inventory, search) }
  }

  async #mount(device: DriveDevice, signal: AbortSignal | undefined): Promise<OwnMount> {
    const twins = (await this.#options.read(signal)).devices.filter(
      other => other.fileSystem?.type === 'btrfs' && other.fileSystem.uuid === device.fileSystem?.uuid,
    )
    if (twins.length > 1) {
      // The kernel takes parts of one btrfs for parts of the other, and destroys both.
      throw new HoldfastError('storage.failed', `${nameOf(device)} is there twice, as a clone of itself.`, {
        advice: 'Disconnect one of them. Never mount a clone of a btrfs drive beside the original.',
        details: { devices: twins.map(({ path }) => path) },
      })
    }
    const point = join(this.#mediaFolder, device.id)
    const by = await mountDevice(device, point, this.#tools, signal)
    const { id, deviceNumber, sequence } = device
    const mounted = by === 'mount' ? point : deviceById(await this.#options.read(signal), id)?.mountPoints[0]
    if (mounted === undefined) {
      throw new HoldfastError('storage.failed', `${nameOf(device)} was mounted, but not where we can see it.`, {
        advice: 'Mount the drive yourself, or run the Holdfast service without a mount namespace of its own.',
        details: { device: id, path: device.path },
      })
    }
    if (by !== 'others') await this.#records.add({ deviceNumber, sequence, mountPoint: mounted, by })
    this.#options.logger.info('drive mounted', { device: device.path, mountPoint: mounted, by })
    return { device: id, mountPoint: mounted, by }
  }

  async #letGo({ device, mountPoint }: Pick<OwnMount, 'device' | 'mountPoint'>, signal: AbortSignal | undefined) {
    const inventory = await this.#options.read(signal)
    const present = deviceById(inventory, device)
    if (present?.mountPoints.includes(mountPoint)) await this.#unmount(present, mountPoint, inventory)
  }

  async #unmount(device: DriveDevice, mountPoint: string, inventory: DriveInventory): Promise<void> {
    const record = (await this.#present(inventory)).find(
      other => other.device === device.id && other.mountPoint === mountPoint,
    )
    // udisks chooses among several mount points by itself.
    const several = device.mountPoints.length > 1 && this.#tools.isRoot
    const by: MountedBy = record === undefined ? 'others' : several ? 'mount' : record.by
    const { clock = systemClock } = this.#options
    await syncFileSystem(device, mountPoint, this.#tools)
    for (let attempt = 1; !(await unmountPoint(device, mountPoint, by, this.#tools)); attempt++) {
      const found = await this.#usersOf(device, mountPoint, inventory)
      // We ourselves look now and then what is on a drive, and so do udev and desktops: nobody is to be told of them.
      const isPassing = found.complete && found.users.every(({ pid }) => pid === process.pid)
      if (!isPassing || attempt === triesWhenBusy) throw driveBusy(nameOf(device), found)
      await clock.sleep(pauseMs)
    }
    if (record !== undefined) await this.#records.remove(device.deviceNumber)
    this.#options.logger.info('drive unmounted', { device: device.path, mountPoint })
  }

  async #usersOf(device: DriveDevice, mountPoint: string, inventory: DriveInventory): Promise<DriveUsers> {
    const node = await nodeOf(device, this.#tools.system).catch(() => device.path)
    const findUsers = this.#options.findUsers ?? findDriveUsers
    const found = await findUsers({
      mountPoints: [mountPoint],
      deviceNumbers: [device.deviceNumber],
      nodes: [node, device.path],
    })
    const holders = device.holders
      .map(id => deviceById(inventory, id))
      .filter(other => other !== undefined)
      .map(({ path }) => ({ pid: null, program: path, use: 'device' as const, path: mountPoint }))
    return { ...found, users: [...holders, ...found.users] }
  }

  /**
   * Our mounts that are there, from the records and from the folder that is ours alone. A record counts while the same
   * device is mounted at the same place, and is removed otherwise.
   */
  async #present(inventory: DriveInventory): Promise<OwnMount[]> {
    const present = new Map<string, OwnMount>()
    for (const record of await this.#records.list()) {
      const { deviceNumber, sequence, mountPoint, by } = record
      const device = inventory.devices.find(
        other =>
          other.deviceNumber === deviceNumber && other.sequence === sequence && other.mountPoints.includes(mountPoint),
      )
      if (device === undefined) await this.#records.remove(deviceNumber)
      else present.set(mountPoint, { device: device.id, mountPoint, by })
    }
    for (const { id, mountPoints } of inventory.devices) {
      for (const mountPoint of mountPoints) {
        if (!mountPoint.startsWith(`${this.#mediaFolder}/`) || present.has(mountPoint)) continue
        present.set(mountPoint, { device: id, mountPoint, by: 'mount' })
      }
    }
    return [...present.values()]
  }

  /** What we mounted and was unplugged without a word stays in the kernel's table, over the place that we need again. */
  async #dropDeadMounts(inventory: DriveInventory): Promise<void> {
    const alive = new Set(inventory.devices.flatMap(({ mountPoints }) => mountPoints))
    const table = await readFile(join(this.#tools.system.procRoot, 'self/mountinfo'), 'utf8').catch(() => '')
    const points = parseMountInfo(table).map(({ mountPoint }) => mountPoint)
    const dead = points.filter(point => point.startsWith(`${this.#mediaFolder}/`) && !alive.has(point))
    // The last one mounted lies on top.
    for (const point of dead.reverse()) {
      this.#options.logger.warn('a drive was unplugged while it was mounted', { mountPoint: point })
      await dropDeadMount(point, this.#tools).catch(error => {
        this.#options.logger.warn('its mount cannot be taken away', { mountPoint: point, error })
      })
    }
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => undefined)
    return result
  }
}

const notConnected = (device: string, advice = 'Connect it, and choose it again.') =>
  new HoldfastError('storage.driveNotConnected', 'This drive is no longer connected.', { advice, details: { device } })

/** One stay of a device. */
const attachmentOf = (device: DriveDevice): string => `${device.id} ${device.sequence}`

const isExternal = (device: DriveDevice): boolean =>
  device.hotplug || device.removable || device.transport === 'usb' || device.transport === 'ieee1394'
