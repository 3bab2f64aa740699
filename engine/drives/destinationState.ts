import { relative } from 'node:path'
import type { DestinationState, DriveDevice, DriveInventory, RememberedDrive } from '../contract/drives.ts'
import type { FoundRepository, SearchResult } from './findRepositories.ts'
import { deviceById } from './inventory.ts'

/** What is known of a destination in a folder. */
export interface KnownDestination {
  repositoryId: string
  /** drive: comes and goes. network: a mounted share. folder: on a disk of this computer. */
  place: 'drive' | 'network' | 'folder'
  /** Absolute path at which it was last; null when it has never been anywhere. */
  path: string | null
  /** Null when nothing is remembered; then the repository id alone counts. */
  drive: RememberedDrive | null
  /** ISO 8601. */
  lastSeenAt: string | null
}

/**
 * Whether a destination can be used, from what is connected and what was found on it. Pure; nothing here is an error.
 *
 * A copy of a repository (a cloned drive, a copied folder) has the same id. The remembered serial decides which is the one;
 * where there is none, the uuid of the file system; among folders on one drive, the remembered path. Where nothing decides,
 * nothing is guessed.
 */
export function destinationState(
  known: KnownDestination,
  inventory: DriveInventory,
  search: SearchResult,
): DestinationState {
  return known.place === 'drive' ? stateOnDrive(known, inventory, search) : stateAtPath(known, search.found)
}

function stateAtPath(known: KnownDestination, found: readonly FoundRepository[]): DestinationState {
  const there = found.find(({ path }) => path === known.path)
  if (there !== undefined && there.repositoryId !== known.repositoryId) return otherRepository(there)
  if (there !== undefined) return { state: 'connected', path: there.path, drive: there.driveId }
  const { lastSeenAt } = known
  return known.place === 'network'
    ? { state: 'unreachable', reason: 'network', lastSeenAt }
    : { state: 'missing', lastSeenAt }
}

function stateOnDrive(known: KnownDestination, inventory: DriveInventory, search: SearchResult): DestinationState {
  const copies = withoutDuplicates(known, search.found)
  const deviceOf = ({ driveId }: FoundRepository) => (driveId === null ? undefined : deviceById(inventory, driveId))
  const likeness = (copy: FoundRepository) => {
    const device = deviceOf(copy)
    // An empty mount point lies on some other file system, and so may what was copied into it.
    if (device === undefined) return known.drive === null ? 'unknown' : 'other'
    return compareDrive(known.drive, device)
  }
  const same = copies.filter(copy => likeness(copy) === 'same')
  const chosen = same.length > 0 ? same : copies.filter(copy => likeness(copy) === 'unknown')
  if (chosen.length > 0) {
    // Some makers give all their drives one serial; then the file system tells them apart.
    const exact = chosen.filter(copy => hasFileSystem(known.drive, deviceOf(copy)))
    return connectedTo(known, exact.length > 0 ? exact : chosen, inventory)
  }

  // The right drive is worth waiting for, even while a copy is at hand.
  return waitingState(known, inventory, search) ?? strangerState(known, inventory, search.found, copies)
}

function connectedTo(
  known: KnownDestination,
  copies: readonly FoundRepository[],
  inventory: DriveInventory,
): DestinationState {
  const remembered = copies.filter(copy => pathOnDrive(copy) === known.drive?.pathOnDrive)
  const drives = new Set(copies.map(({ driveId }) => driveId))
  // A path tells folders on one drive apart, but not one drive from its clone.
  const one = copies.length === 1 ? copies[0] : drives.size === 1 && remembered.length === 1 ? remembered[0] : undefined
  const twins = one === undefined ? [] : unmountedTwins(known.drive, one, inventory)
  if (one !== undefined && twins.length === 0) return { state: 'connected', path: one.path, drive: one.driveId }
  const places = one === undefined ? copies : [one]
  return { state: 'ambiguous', paths: [...places, ...twins].map(({ path }) => path) }
}

/** Other drives that nothing tells from the one on which the repository was found, and that nobody has looked into yet. */
function unmountedTwins(drive: RememberedDrive | null, found: FoundRepository, inventory: DriveInventory) {
  const own = found.driveId === null ? undefined : deviceById(inventory, found.driveId)
  if (own === undefined) return []
  return inventory.devices.filter(
    device =>
      isMountable(device) &&
      hasFileSystem(drive, device) &&
      compareDrive(drive, device) === 'same' &&
      // A snapshot of a volume has the same uuid on the same disk.
      !device.drives.some(id => own.drives.includes(id)),
  )
}

/** The remembered drive is connected, but not ready. */
function waitingState(
  known: KnownDestination,
  inventory: DriveInventory,
  { silent }: SearchResult,
): DestinationState | undefined {
  const { drive, lastSeenAt } = known
  if (drive === null) return undefined
  const ours = inventory.devices.filter(device => compareDrive(drive, device) === 'same')
  if (ours.some(device => silent.includes(device.id))) return { state: 'unreachable', reason: 'silent', lastSeenAt }

  // With the uuid of its file system, the other partitions of the drive are none of our business.
  const exact = ours.filter(device => hasFileSystem(drive, device))
  const ready = exact.filter(isMountable)
  // One file system twice is a drive and its clone.
  if (ready.length > 1) return { state: 'ambiguous', paths: ready.map(({ path }) => path) }
  if (ready.length > 0) return { state: 'present-unmounted', devices: ready.map(({ id }) => id) }
  if (exact.some(isMounted)) return undefined

  const locked = inventory.devices.filter(device => isLocked(device) && isContainerOf(drive, device))
  if (locked.length > 0) return { state: 'locked', devices: locked.map(({ id }) => id) }

  // The file system was made anew, or its uuid was never known.
  const idle = ours.filter(isMountable)
  if (idle.length === 0 || ours.some(isMounted)) return undefined
  return { state: 'present-unmounted', devices: idle.map(({ id }) => id) }
}

/** Something is there, and it is not what we wait for; or nothing is. */
function strangerState(
  known: KnownDestination,
  inventory: DriveInventory,
  found: readonly FoundRepository[],
  copies: readonly FoundRepository[],
): DestinationState {
  const copy = copies[0]
  if (copy !== undefined) {
    const { path, driveId, repositoryId } = copy
    return { state: 'wrong-drive', reason: 'other-copy', path, foundRepositoryId: repositoryId, drive: driveId }
  }
  const ours = inventory.devices.filter(device => compareDrive(known.drive, device) === 'same')
  const mounted = ours.filter(isMounted)
  const isOurs = ({ driveId }: FoundRepository) => mounted.some(({ id }) => id === driveId)
  const other =
    found.find(repository => repository.path === known.path) ??
    found.find(repository => isOurs(repository) && pathOnDrive(repository) === known.drive?.pathOnDrive)
  if (other !== undefined) return otherRepository(other)
  const exact = mounted.find(device => hasFileSystem(known.drive, device)) ?? mounted[0]
  if (exact !== undefined) {
    return { state: 'wrong-drive', reason: 'repository-gone', path: null, foundRepositoryId: null, drive: exact.id }
  }
  return { state: 'missing', lastSeenAt: known.lastSeenAt }
}

const otherRepository = ({ path, repositoryId, driveId }: FoundRepository): DestinationState => ({
  state: 'wrong-drive',
  reason: 'other-repository',
  path,
  foundRepositoryId: repositoryId,
  drive: driveId,
})

/**
 * Whether a device is on the remembered drive. The serial decides where both sides have one, for a cloned drive has the
 * same uuid; else the uuid. unknown: neither can be compared.
 */
export function compareDrive(drive: RememberedDrive | null, device: DriveDevice): 'same' | 'other' | 'unknown' {
  if (drive === null) return 'unknown'
  const uuid = device.fileSystem?.uuid
  if (drive.serial !== null && device.serial !== null) return drive.serial === device.serial ? 'same' : 'other'
  if (drive.fileSystemUuid !== null && uuid) return drive.fileSystemUuid === uuid ? 'same' : 'other'
  return 'unknown'
}

const hasFileSystem = (drive: RememberedDrive | null, device: DriveDevice | undefined): boolean =>
  drive !== null && drive.fileSystemUuid !== null && device?.fileSystem?.uuid === drive.fileSystemUuid

const isMounted = (device: DriveDevice): boolean => device.mountPoints.length > 0

/** Types of content that are no file system to be mounted. */
const containers = /^(crypto_|LVM|linux_raid|.*_member$|swap$|BitLocker$|VMFS|isw_|ddf_)/i

/** Whether there is a file system that could be mounted, and nobody has. Never anything of the running system. */
export const isMountable = (device: DriveDevice): boolean =>
  device.fileSystem !== null &&
  !containers.test(device.fileSystem.type) &&
  device.mountPoints.length === 0 &&
  device.holders.length === 0 &&
  !device.isSystem

const isLocked = (device: DriveDevice): boolean =>
  /^(crypto_|BitLocker$)/i.test(device.fileSystem?.type ?? '') && device.holders.length === 0

/** By serial where it can be; a locked container does not show the uuid of what is in it. */
function isContainerOf(drive: RememberedDrive, device: DriveDevice): boolean {
  const container = drive.containerUuid ?? null
  if (drive.serial !== null && device.serial !== null && drive.serial !== device.serial) return false
  if (container !== null) return container === device.fileSystem?.uuid
  return drive.serial !== null && drive.serial === device.serial
}

/** Path of a repository from the root of its file system; undefined where that has no mount point. */
const pathOnDrive = ({ path, mountPoint }: FoundRepository) =>
  mountPoint === null ? undefined : relative(mountPoint, path)

/** The copies of its repository. One folder shows several times when its file system is mounted in several places. */
function withoutDuplicates(known: KnownDestination, found: readonly FoundRepository[]): FoundRepository[] {
  const copies = new Map<string, FoundRepository>()
  for (const copy of found) {
    if (copy.repositoryId !== known.repositoryId) continue
    if (!copies.has(copy.folderId) || copy.path === known.path) copies.set(copy.folderId, copy)
  }
  return [...copies.values()]
}

/** What to remember of the drive on which a repository was found; null for one that was found by its path alone. */
export function rememberDrive(found: FoundRepository, inventory: DriveInventory): RememberedDrive | null {
  const device = found.driveId === null ? undefined : deviceById(inventory, found.driveId)
  if (device === undefined) return null
  const below = device.restsOn.map(id => deviceById(inventory, id))
  const container = below.find(other => /^crypto_/i.test(other?.fileSystem?.type ?? ''))
  return {
    serial: device.serial,
    fileSystemUuid: device.fileSystem?.uuid ?? null,
    label: device.fileSystem?.label ?? device.model,
    pathOnDrive: pathOnDrive(found) ?? '',
    containerUuid: container?.fileSystem?.uuid ?? null,
  }
}
