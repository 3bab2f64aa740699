import type { DriveDevice } from '../../../engine/contract/drives.ts'

/** A stretch of a disk: something with a name of its own, or room that nothing uses (device is null). */
export interface DiskArea {
  device: DriveDevice | null
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
 * The disks of an inventory with what lies in them, however deep: partitions, encryption, volumes. A volume that lies on several
 * devices is drawn in the first that it names only. An image file that is attached (a loop device) is a disk of its own, not a part of the
 * one with the file; those that cannot be written are programs, and no disks to people.
 */
export function drawDisks(devices: readonly DriveDevice[]): DiskDrawing[] {
  const byId = new Map(devices.map(device => [device.id, device]))
  return devices
    .filter(device => (device.kind === 'disk' || isAttachedImage(device)) && device.sizeBytes > 0)
    .toSorted(bySystemThenPath)
    .map(disk => ({ disk, areas: areasIn(disk, byId, new Set([disk.id])) }))
}

/** A file that is attached as a disk, and can be written. */
export const isAttachedImage = (device: DriveDevice): boolean => device.kind === 'loop' && !device.readOnly

/** Every device that is drawn in an area, from outside to inside. */
export function devicesIn(areas: readonly DiskArea[]): DriveDevice[] {
  return areas.flatMap(({ device, inside }) => [...(device ? [device] : []), ...devicesIn(inside)])
}

function areasIn(parent: DriveDevice, byId: ReadonlyMap<string, DriveDevice>, above: ReadonlySet<string>): DiskArea[] {
  const held = parent.holders
    .map(id => byId.get(id))
    .filter(device => device !== undefined)
    .filter(device => device.kind !== 'loop')
    // Snapshots and members drawn elsewhere; and what would go round in circles.
    .filter(device => !above.has(device.id) && (device.restsOn[0] ?? parent.id) === parent.id)
    .toSorted((a, b) => comparePaths(a.path, b.path))
  const areas = held.map(device => ({
    device,
    // A volume on several devices is larger than its share of this one.
    sizeBytes: Math.min(device.sizeBytes, parent.sizeBytes),
    inside: areasIn(device, byId, new Set([...above, device.id])),
  }))
  const gap = parent.sizeBytes - areas.reduce((sum, area) => sum + area.sizeBytes, 0)
  if (areas.length === 0 || gap < parent.sizeBytes * smallestGap) return areas
  return [...areas, { device: null, sizeBytes: gap, inside: [] }]
}

function bySystemThenPath(a: DriveDevice, b: DriveDevice): number {
  if (a.isSystem !== b.isSystem) return a.isSystem ? -1 : 1
  return comparePaths(a.path, b.path)
}

/** 'sda2' before 'sda10'. */
const comparePaths = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true })

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

/** File systems that nothing covers, with what to call them. Swap and containers hold nothing that is missed. */
export function leftOut(
  devices: readonly DriveDevice[],
  isCovered: (device: DriveDevice) => boolean,
): { device: DriveDevice; title: string }[] {
  return drawDisks(devices)
    .flatMap(({ disk, areas }) => (areas.length === 0 ? [disk] : leavesOf(areas)))
    .filter(device => device.fileSystem !== null && !isSwap(device) && !isContainer(device) && !isCovered(device))
    .map(device => ({ device, title: deviceTitle(device) }))
}

/** What has nothing lying on it. */
export function leavesOf(areas: readonly DiskArea[]): DriveDevice[] {
  return areas.flatMap(({ device, inside }) => {
    if (inside.some(area => area.device)) return leavesOf(inside)
    return device ? [device] : []
  })
}
