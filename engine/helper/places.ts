import { constants } from 'node:fs'
import { access, lstat, readdir, statfs } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Logger } from '../base/logger.ts'
import type { DriveDevice, DriveInventory, RememberedDrive } from '../contract/drives.ts'
import { HoldfastError, isHoldfastError } from '../contract/errors.ts'
import type { HelperContract } from '../contract/helperContract.ts'
import type { HandlerInput } from '../contract/rpcContract.ts'
import { rememberDrive } from '../drives/destinationState.ts'
import type { RepositoryFinder } from '../drives/findRepositories.ts'
import { deviceById } from '../drives/inventory.ts'
import { repositoryIdOf } from '../drives/repositoryMark.ts'
import type { AccessOptions, Engine } from '../engineApi.ts'
import { folders as repositoryFolders } from '../repository/format.ts'
import { assertVacant, isFurniture } from '../storage/directory/prepare.ts'
import type { DestinationDesk } from './destinationDesk.ts'
import { checkElsewhere } from './elsewhereRules.ts'
import { checkFolder, type FolderRules } from './placeRules.ts'

export type Place = HandlerInput<HelperContract, 'destinations.create'>['place']

/** What a new repository's folder is called where other things may lie beside it. */
export const repositoryFolderName = 'Holdfast'

/** A place that can be looked at now. Release it: it may hold a drive mounted. */
export interface ReachedPlace {
  /** The mount point of the drive, or the folder that was named, which may be missing; of a place elsewhere its URL. */
  base: string
  device: DriveDevice | null
  /** How a place elsewhere lets us in; missing for drives and folders. */
  access?: AccessOptions
  /** Does not throw. */
  release(): Promise<void>
}

/** What is at a place; `problem` when it is neither a repository nor room for one. */
export interface LookedPlace {
  state: 'repository' | 'free' | 'refused'
  path: string | null
  repositoryId: string | null
  problem: HoldfastError | null
  freeBytes: number | null
  sizeBytes: number | null
  usedBytes: number | null
  hasOtherFiles: boolean
  /** Of a place elsewhere: whether what is stored there can be deleted; null when that was not tried. */
  canDelete: boolean | null
}

export interface PlacesDeps {
  engine: Pick<Engine, 'lookElsewhere'>
  desk: Pick<DestinationDesk, 'reachDrive'>
  finder: Pick<RepositoryFinder, 'search'>
  /** Makes an inventory. */
  readDrives(signal?: AbortSignal): Promise<DriveInventory>
  rules: FolderRules
  logger: Logger
}

/** Places for repositories, as people choose them. */
export class Places {
  readonly #deps: PlacesDeps

  constructor(deps: PlacesDeps) {
    this.#deps = deps
  }

  /**
   * Makes a place reachable. A drive that is not mounted is mounted when `mayMount` says so. Fails with `usage.invalid`,
   * `target.systemDisk`, `storage.driveNotConnected` or `storage.failed`.
   */
  async reach(place: Place, options: { mayMount: boolean; signal?: AbortSignal }): Promise<ReachedPlace> {
    if (place.kind === 'folder') {
      await checkFolder(place.path, this.#deps.rules)
      const base = place.path.length > 1 && place.path.endsWith('/') ? place.path.slice(0, -1) : place.path
      return { base, device: null, release: async () => undefined }
    }
    if (place.kind === 'elsewhere') {
      const { url, credentials, acceptHostKey } = place
      const base = await checkElsewhere(url, credentials, this.#deps.rules.mode)
      const access = { ...(credentials && { credentials }), ...(acceptHostKey !== undefined && { acceptHostKey }) }
      return { base, device: null, access, release: async () => undefined }
    }
    const { desk, logger, readDrives } = this.#deps
    const { signal } = options
    const known = deviceById(await readDrives(signal), place.device)
    if (known?.isSystem) {
      throw new HoldfastError('target.systemDisk', `${known.path} holds the running system.`, {
        advice: 'Choose an external drive, or a folder.',
        details: { device: known.id },
      })
    }
    if (known && known.mountPoints.length === 0 && !options.mayMount) {
      throw new HoldfastError('storage.driveNotConnected', `${known.path} is not mounted.`, {
        advice: 'Mount it, or let Holdfast mount it.',
        details: { device: known.id },
      })
    }
    const { device, mountPoint, release: letGo } = await desk.reachDrive(place.device, signal)
    const release = async () => {
      for (const warning of await letGo()) logger.warn('a drive could not be let go', { mountPoint, warning })
    }
    return { base: mountPoint, device, release }
  }

  /** Looks what is there. Writes nothing, but see Engine.lookElsewhere. Only fails with `run.cancelled`: anything else is a `problem`. */
  async look(reached: ReachedPlace, signal?: AbortSignal): Promise<LookedPlace> {
    const nothing = { path: null, repositoryId: null, problem: null, hasOtherFiles: false, canDelete: null }
    const room = { freeBytes: null, sizeBytes: null, usedBytes: null }
    try {
      if (reached.access) {
        const found = await this.#deps.engine.lookElsewhere(reached.base, {
          ...reached.access,
          ...(signal && { signal }),
        })
        const { url: path, repositoryId, canDelete } = found
        const state = repositoryId === null ? 'free' : 'repository'
        return { ...nothing, ...room, state, path, repositoryId, canDelete }
      }
      const sizes = await roomAt(await existingAbove(reached.base))
      Object.assign(room, sizes)
      const found = await this.#repositoryAt(reached, signal)
      if (found) {
        const hasOtherFiles = await othersIn(reached.base, found.path)
        return { ...nothing, ...room, ...found, state: 'repository', hasOtherFiles }
      }
      const path = await this.#roomFor(reached)
      return { ...nothing, ...room, state: 'free', path, hasOtherFiles: await othersIn(reached.base, path) }
    } catch (error) {
      if (isHoldfastError(error, 'run.cancelled')) throw error
      return { ...nothing, ...room, state: 'refused', problem: asProblem(error, reached.base) }
    }
  }

  /**
   * What to know the drive by that a repository at `path` is on; null when it is on a disk that stays, and was not chosen as a
   * drive. `storage.driveNotConnected` when it is not there any more.
   */
  async remember(reached: ReachedPlace, path: string, repositoryId: string): Promise<RememberedDrive | null> {
    if (reached.access) return null
    const { finder, readDrives } = this.#deps
    const inventory = await readDrives()
    const device = reached.device === null ? undefined : deviceById(inventory, reached.device.id)
    const devices = reached.device === null ? inventory.devices : device ? [device] : []
    const { found } = await finder.search(
      { devices },
      { relativePaths: [repositoryFolderName], ...(reached.device === null && { paths: [path] }) },
    )
    const here = found.find(one => one.path === path && one.repositoryId === repositoryId)
    if (!here) {
      throw new HoldfastError('storage.driveNotConnected', `The repository at ${path} is not there any more.`, {
        advice: 'Connect the drive again, and look what is on it.',
        details: { path },
      })
    }
    const carrier = here.driveId === null ? undefined : deviceById(inventory, here.driveId)
    const comesAndGoes = carrier && !carrier.isSystem && (carrier.removable || carrier.hotplug)
    return reached.device !== null || comesAndGoes ? rememberDrive(here, inventory) : null
  }

  async #repositoryAt({ base, device }: ReachedPlace, signal: AbortSignal | undefined) {
    const preferred = [join(base, repositoryFolderName), base]
    if (device === null) {
      for (const path of preferred.toReversed()) {
        const repositoryId = await repositoryIdOf(path)
        if (repositoryId !== undefined) return { path, repositoryId }
      }
      return undefined
    }
    const search = { relativePaths: [repositoryFolderName], ...(signal && { signal }) }
    const { found, silent } = await this.#deps.finder.search({ devices: [device] }, search)
    if (silent.includes(device.id)) {
      throw new HoldfastError('storage.unreachable', `${device.path} does not answer.`, {
        advice: 'Check the drive and its cable.',
        details: { device: device.id },
        retryable: true,
      })
    }
    const here = found.filter(({ mountPoint }) => mountPoint === base)
    const best = preferred.map(path => here.find(one => one.path === path)).find(one => one !== undefined) ?? here[0]
    return best && { path: best.path, repositoryId: best.repositoryId }
  }

  /** A new or an empty folder itself; on a drive, and in a folder with other things, one of our own in it. */
  async #roomFor({ base, device }: ReachedPlace): Promise<string> {
    const above = await existingAbove(base)
    const kind = await lstat(above)
    if (!kind.isDirectory() || (above !== base && above !== dirname(base))) {
      throw new HoldfastError('usage.invalid', `The folder of ${base} does not exist.`, {
        advice: 'Create it, or choose another folder.',
        details: { path: base },
      })
    }
    await access(above, constants.W_OK).catch(error => {
      throw new HoldfastError('storage.readOnly', `Nothing can be written at ${base}.`, {
        advice: 'Choose another place, or make that one writable.',
        details: { path: base, errno: (error as NodeJS.ErrnoException).code },
      })
    })
    if (device === null) {
      await refuseInside(base)
      const isVacant = await assertVacant(base, repositoryFolders).then(
        () => true,
        error => {
          // What is left of a repository, or was put there by others, is told of as it is.
          if (isHoldfastError(error, 'storage.objectExists')) return false
          throw error
        },
      )
      if (isVacant) return base
    }
    const path = join(base, repositoryFolderName)
    await assertVacant(path, repositoryFolders)
    return path
  }
}

/** Nothing of ours belongs into a repository but itself. */
async function refuseInside(path: string): Promise<void> {
  for (let above = dirname(path); above !== '/'; above = dirname(above)) {
    if ((await repositoryIdOf(above)) === undefined) continue
    throw new HoldfastError('usage.invalid', `${path} lies in the repository at ${above}.`, {
      advice: 'Choose a folder outside of it, or open that repository.',
      details: { path, repository: above },
    })
  }
}

/** The path itself, or what exists above it. */
async function existingAbove(path: string): Promise<string> {
  const exists = await lstat(path).then(
    () => true,
    () => false,
  )
  return exists || path === '/' ? path : existingAbove(dirname(path))
}

async function roomAt(path: string) {
  const { bsize, blocks, bfree, bavail } = await statfs(path)
  return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize, usedBytes: (blocks - bfree) * bsize }
}

async function othersIn(base: string, path: string): Promise<boolean> {
  if (path === base) return false
  const names = await readdir(base).catch(() => [])
  return names.some(name => name !== basename(path) && !isFurniture(name))
}

function asProblem(error: unknown, path: string): HoldfastError {
  if (error instanceof HoldfastError) return error
  const { code } = error as NodeJS.ErrnoException
  return new HoldfastError('storage.failed', `${path} cannot be looked at: ${code ?? String(error)}.`, {
    advice: 'Check the drive, or choose another place.',
    details: { path, errno: code },
    cause: error,
  })
}
