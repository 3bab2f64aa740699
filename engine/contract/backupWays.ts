import type { DriveDevice, DriveInventory, LogicalVolume, LvmInventory, VolumeGroup } from './drives.ts'
import type { consistencies } from './models.ts'
import { decideRoom, poolReserve } from './snapshotRoom.ts'

/**
 * How each device can be backed up, by what the inventory says. What a run then does is decided when it begins, for free room and
 * mounts change. Pure, so that screens, command line and helper say the same.
 */

/**
 * snapshot-thin, snapshot-classic: LVM holds its state still meanwhile. as-is: nothing writes to it. in-use: it is read while it
 * is written, once somebody agrees to that. not: it is no source of its own.
 */
export type BackupWay = 'snapshot-thin' | 'snapshot-classic' | 'as-is' | 'in-use' | 'not'

/** Why it is this way, and none that would be better. */
export type WayReason =
  | 'snapshot'
  | 'idle'
  | 'mounted'
  | 'in-use'
  // What keeps LVM from a snapshot of a volume that is in use.
  | 'group-full'
  | 'pool-full'
  | 'missing-disks'
  | 'duplicate-disks'
  | 'exported'
  | 'no-snapshots'
  | 'lvm-not-installed'
  | 'lvm-needs-root'
  | 'lvm-failed'
  // What is no source.
  | 'thin-pool'
  | 'internal'
  | 'own-snapshot'
  | 'invalid-snapshot'
  | 'holds-volumes'
  | 'raid-member'
  | 'extended'
  | 'swap'

/** What a person can do about it, the better ones first. */
export type WayChoice =
  | 'volumes'
  | 'contents'
  | 'array'
  | 'unmount'
  | 'shrink-volume'
  | 'remove-volume'
  | 'add-disk'
  | 'grow-pool'
  | 'connect-disks'
  | 'disconnect-copy'
  | 'import-group'
  | 'install-lvm'
  | 'as-root'
  | 'read-in-use'

export interface HowBackedUp {
  way: BackupWay
  /** What its versions will be called; null when there will be none. */
  consistency: (typeof consistencies)[number] | null
  /** How a second backup knows what has changed without reading everything. */
  tracking: 'lvm-thin' | 'lvm-classic' | 'none'
  why: WayReason
  choices: WayChoice[]
}

/** Tells for each device of an inventory how it can be backed up. */
export function backupWays(inventory: DriveInventory): (device: DriveDevice) => HowBackedUp {
  const facts = new Facts(inventory)
  return device => wayOf(device, facts)
}

/** The same for one device. */
export const howBackedUp = (device: DriveDevice, inventory: DriveInventory): HowBackedUp =>
  backupWays(inventory)(device)

/** An inventory, ready to be asked. */
class Facts {
  readonly lvm: LvmInventory | undefined
  readonly #byId: ReadonlyMap<string, DriveDevice>
  readonly #volumes: ReadonlyMap<string | null, LogicalVolume>

  constructor({ devices, lvm }: DriveInventory) {
    this.lvm = lvm
    this.#byId = new Map(devices.map(device => [device.id, device]))
    this.#volumes = new Map((lvm?.volumes ?? []).map(volume => [volume.device, volume]))
  }

  volume = ({ id }: DriveDevice): LogicalVolume | undefined => this.#volumes.get(id)
  group = ({ group }: LogicalVolume): VolumeGroup | undefined => this.lvm?.groups.find(({ uuid }) => uuid === group)
  pool = ({ pool }: LogicalVolume): LogicalVolume | undefined => this.lvm?.volumes.find(({ uuid }) => uuid === pool)

  /** All that lies on a device, at any depth. */
  above(device: DriveDevice): DriveDevice[] {
    const found = new Set([device])
    // A Set's iteration goes on over what is added meanwhile.
    for (const next of found) {
      for (const id of next.holders) {
        const holder = this.#byId.get(id)
        // An image file that is attached has a life of its own; the file system with it is what counts.
        if (holder && holder.kind !== 'loop') found.add(holder)
      }
    }
    found.delete(device)
    return [...found]
  }
}

const isWritten = (device: DriveDevice): boolean =>
  device.mountPoints.length > 0 || (device.fileSystem?.type === 'swap' && device.isSystem)

/** As sfdisk(8) calls them: extended partitions of a DOS table hold others, and two sectors of their own. */
const extendedTypes = new Set(['0x5', '0xf', '0x85'])

function wayOf(device: DriveDevice, facts: Facts): HowBackedUp {
  const refusal = noSource(device, facts)
  if (refusal) return { way: 'not', consistency: null, tracking: 'none', ...refusal }
  const above = facts.above(device)
  // Whatever lies on a device but its partitions has claimed it, and may write to it.
  const isBusy = isWritten(device) || above.some(one => isWritten(one) || one.kind !== 'partition')
  const volume = facts.volume(device)
  const obstacle = device.kind === 'lvm' ? snapshotObstacle(device, facts) : null
  if (volume && obstacle === null) {
    const isThin = volume.pool !== null
    return {
      way: isThin ? 'snapshot-thin' : 'snapshot-classic',
      // LVM freezes the file system that lies right on the volume; what writes through another layer is cut off as by a power cut.
      consistency: isBusy && !isWritten(device) ? 'crash-consistent' : 'consistent',
      tracking: isThin ? 'lvm-thin' : 'lvm-classic',
      why: 'snapshot',
      choices: [],
    }
  }
  if (!isBusy) return { way: 'as-is', consistency: 'consistent', tracking: 'none', why: 'idle', choices: [] }
  const { why, choices } = obstacle ?? inUse(device, above)
  return {
    way: 'in-use',
    consistency: 'read-while-in-use',
    tracking: 'none',
    why,
    // The running system cannot do without its own.
    choices: choices.filter(choice => choice !== 'unmount' || !device.isSystem),
  }
}

type Verdict = Pick<HowBackedUp, 'why' | 'choices'>

/** Why a device is no source of its own; null when it is one. */
function noSource(device: DriveDevice, facts: Facts): Verdict | null {
  const volume = facts.volume(device)
  if (volume?.kind === 'thin-pool') return { why: 'thin-pool', choices: ['volumes'] }
  if (volume?.kind === 'other') return { why: 'internal', choices: ['volumes'] }
  if (volume?.problem === 'invalid') return { why: 'invalid-snapshot', choices: [] }
  if (volume?.isOurs) return { why: 'own-snapshot', choices: [] }
  // LVM names all volumes that people see.
  const isUnnamed = device.kind === 'lvm' && facts.lvm?.state === 'known' && !volume
  if (device.isInternal || isUnnamed) return { why: 'internal', choices: ['volumes'] }
  if (extendedTypes.has(device.partitionType ?? '')) return { why: 'extended', choices: [] }
  const type = device.fileSystem?.type
  if (type === 'swap') return { why: 'swap', choices: [] }
  const isHeld = facts.above(device).length > 0
  if (type === 'LVM2_member' && isHeld) return { why: 'holds-volumes', choices: ['volumes'] }
  if (type === 'linux_raid_member' && isHeld) return { why: 'raid-member', choices: ['array'] }
  return null
}

/** What keeps LVM from a snapshot; null when nothing does. */
function snapshotObstacle(device: DriveDevice, facts: Facts): Verdict | null {
  const volume = facts.volume(device)
  const unknown = { 'not-installed': 'lvm-not-installed', 'needs-root': 'lvm-needs-root' } as const
  const state = facts.lvm?.state ?? 'needs-root'
  if (state === 'not-installed' || state === 'needs-root') {
    const choices: WayChoice[] = [state === 'needs-root' ? 'as-root' : 'install-lvm', 'unmount', 'read-in-use']
    return { why: unknown[state], choices }
  }
  const group = volume && facts.group(volume)
  if (!volume || !group) return { why: 'lvm-failed', choices: ['unmount', 'read-in-use'] }
  // A group that shares its name is told apart by its uuid.
  const problem = group.problems.find(one => one !== 'duplicate-name')
  if (problem) return { why: problem, choices: [remedies[problem], 'unmount', 'read-in-use'] }
  // A thin snapshot that nobody may write to holds still by itself.
  if (volume.kind === 'snapshot' || (volume.kind === 'thin-snapshot' && device.readOnly)) {
    return { why: 'no-snapshots', choices: ['unmount', 'read-in-use'] }
  }
  if (volume.pool !== null) {
    if (hasRoom(facts.pool(volume))) return null
    return { why: 'pool-full', choices: ['grow-pool', 'remove-volume', 'unmount', 'read-in-use'] }
  }
  const { freeBytes, extentBytes } = group
  if (decideRoom({ volumeBytes: device.sizeBytes, freeBytes, extentBytes: Math.max(extentBytes, 1) }).isEnough)
    return null
  return { why: 'group-full', choices: ['add-disk', 'remove-volume', 'shrink-volume', 'unmount', 'read-in-use'] }
}

const remedies: Record<Exclude<VolumeGroup['problems'][number], 'duplicate-name'>, WayChoice> = {
  'missing-disks': 'connect-disks',
  'duplicate-disks': 'disconnect-copy',
  exported: 'import-group',
}

/** A pool that is nearly full should not get one more snapshot: it makes everything that is overwritten take new room. */
function hasRoom(pool: LogicalVolume | undefined): boolean {
  if (!pool || pool.problem === 'pool-full') return false
  const { dataPercent, metadataPercent, sizeBytes } = pool
  const { dataShare, dataEnoughBytes, metadataShare } = poolReserve
  const freeBytes = (sizeBytes * (100 - (dataPercent ?? 0))) / 100
  return (
    freeBytes >= Math.min(sizeBytes * dataShare, dataEnoughBytes) && (metadataPercent ?? 0) <= 100 - 100 * metadataShare
  )
}

/** Of what has no snapshots and is being written. */
function inUse(device: DriveDevice, above: readonly DriveDevice[]): Verdict {
  const choices: WayChoice[] = []
  if (above.some(({ kind, isInternal }) => kind === 'lvm' && !isInternal)) choices.push('volumes')
  else if (above.some(({ kind }) => kind === 'crypt')) choices.push('contents')
  return { why: device.mountPoints.length > 0 ? 'mounted' : 'in-use', choices: [...choices, 'unmount', 'read-in-use'] }
}
