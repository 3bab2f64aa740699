import { deviceTree, type TreeNode } from '../../../engine/contract/deviceTree.ts'
import type { DriveDevice, DriveInventory } from '../../../engine/contract/drives.ts'

/** A stretch of a disk: something with a name of its own, or room that nothing uses. */
export interface DiskArea {
  /** Null for room that nothing uses, and for what is no device: a volume group, a thin pool, a volume that is not active. */
  device: DriveDevice | null
  /** Null for room that nothing uses. */
  node: TreeNode | null
  sizeBytes: number
  /** What lies in it, side by side. */
  inside: readonly DiskArea[]
}

export interface DiskDrawing {
  disk: DriveDevice
  areas: readonly DiskArea[]
}

/** Below this share of what it lies in, unused room is not worth drawing: tables and alignment leave some everywhere. */
const smallestGap = 0.005

/**
 * The disks of an inventory with what lies in them, however deep: partitions, encryption, volume groups, thin pools, volumes. A
 * volume that lies on several devices is drawn in the first that it names only; snapshots of Holdfast are not drawn. An image file
 * that is attached (a loop device) is a disk of its own, not a part of the one with the file; those that cannot be written are
 * programs, and no disks to people.
 */
export function drawDisks(inventory: DriveInventory): DiskDrawing[] {
  return deviceTree(inventory).flatMap(node => {
    if (node.kind !== 'device') return []
    const disk = node.device
    const isDisk = (disk.kind === 'disk' || isAttachedImage(disk)) && disk.sizeBytes > 0
    return isDisk ? [{ disk, areas: areasIn(node) }] : []
  })
}

/** A file that is attached as a disk, and can be written. */
export const isAttachedImage = (device: DriveDevice): boolean => device.kind === 'loop' && !device.readOnly

/** Every device that is drawn in an area, from outside to inside. */
export function devicesIn(areas: readonly DiskArea[]): DriveDevice[] {
  return areas.flatMap(({ device, inside }) => [...(device ? [device] : []), ...devicesIn(inside)])
}

function areasIn(parent: TreeNode): DiskArea[] {
  // A disk of a group is all group, but for the page that says so.
  const [only] = parent.inside
  if (parent.kind === 'device' && only?.kind === 'group') return [areaOf(only, parent)]
  const areas = parent.inside.filter(node => !isOurs(node)).map(node => areaOf(node, parent))
  const gap = gapIn(parent, areas)
  if (areas.length === 0 && parent.kind !== 'group') return areas
  return gap < parent.sizeBytes * smallestGap
    ? areas
    : [...areas, { device: null, node: null, sizeBytes: gap, inside: [] }]
}

const areaOf = (node: TreeNode, parent: TreeNode): DiskArea => ({
  device: node.kind === 'device' ? node.device : null,
  node,
  // A volume on several devices is larger than its share of this one, a thin volume may be larger than its pool.
  sizeBytes: Math.min(node.sizeBytes, parent.sizeBytes),
  inside: areasIn(node),
})

const isOurs = (node: TreeNode): boolean => 'volume' in node && node.volume !== null && node.volume.isOurs

function gapIn(parent: TreeNode, areas: readonly DiskArea[]): number {
  if (parent.kind === 'group') return parent.group.freeBytes
  // All volumes of a pool share its room.
  if (parent.kind === 'pool') return 0
  return parent.sizeBytes - areas.reduce((sum, area) => sum + area.sizeBytes, 0)
}

/** A device and everything that it lies on, downwards to its disks. */
export function ancestry(device: DriveDevice, byId: ReadonlyMap<string, DriveDevice>): DriveDevice[] {
  const seen = new Map<string, DriveDevice>()
  const visit = (one: DriveDevice) => {
    if (seen.has(one.id)) return
    seen.set(one.id, one)
    for (const id of one.restsOn) {
      const below = byId.get(id)
      if (below) visit(below)
    }
  }
  visit(device)
  return [...seen.values()]
}

/** Has it a file system that people would miss? Swap, and room that others fill, can be left out of a backup. */
export const isSwap = (device: DriveDevice): boolean => device.fileSystem?.type === 'swap'
/** Holds other devices and no files of its own. */
export const isContainer = (device: DriveDevice): boolean =>
  device.fileSystem?.type === 'LVM2_member' ||
  device.fileSystem?.type === 'crypto_LUKS' ||
  device.fileSystem?.type === 'linux_raid_member'

/** What to call a device: its label, its model, or where it is. */
export function deviceTitle(device: DriveDevice): string {
  if (device.kind === 'disk') return device.model ?? device.fileSystem?.label ?? device.path
  return device.fileSystem?.label ?? device.path.replace(/^\/dev\/(mapper\/)?/, '')
}

/** File systems that nothing covers, with what to call them. Swap, containers and snapshots hold nothing that is missed. */
export function leftOut(
  inventory: DriveInventory,
  isCovered: (device: DriveDevice) => boolean,
): { device: DriveDevice; title: string }[] {
  const snapshots = new Set(inventory.lvm?.volumes.flatMap(({ origin, device }) => (origin === null ? [] : device)))
  return drawDisks(inventory)
    .flatMap(({ disk, areas }) => (areas.length === 0 ? [disk] : leavesOf(areas)))
    .filter(device => device.fileSystem !== null && !isSwap(device) && !isContainer(device) && !isCovered(device))
    .filter(device => !snapshots.has(device.id))
    .map(device => ({ device, title: deviceTitle(device) }))
}

/** What has nothing lying on it. */
export function leavesOf(areas: readonly DiskArea[]): DriveDevice[] {
  return areas.flatMap(({ device, inside }) => {
    const held = leavesOf(inside)
    return held.length > 0 || device === null ? held : [device]
  })
}
