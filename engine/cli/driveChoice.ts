import type { DriveDevice } from '../contract/drives.ts'

/** Finding the drive that a person means in the helper's inventory. All functions here are pure. */

/** What one takes out or unplugs, with everything that is on it. */
export interface Drive {
  /** The disk itself. */
  device: DriveDevice
  /** Itself, its partitions, and what lies on them. */
  parts: DriveDevice[]
}

/** All drives that are connected. */
export function drivesIn(devices: readonly DriveDevice[]): Drive[] {
  return devices
    .filter(device => device.drives.includes(device.id))
    .map(device => ({ device, parts: devices.filter(part => part.drives.includes(device.id)) }))
}

/** Those that are there to be unplugged: never one that the running system needs. */
export const isExternal = ({ device, parts }: Drive): boolean =>
  (device.removable || device.hotplug) && !parts.some(part => part.isSystem)

/** Shorter beginnings of an id say too little. */
const shortestId = 4

/**
 * The drives that a text may mean: by path, id or the beginning of one, model (with or without its maker), serial, label or
 * mount point, of the drive or of anything on it. Upper and lower case are the same.
 */
export function drivesNamed(drives: readonly Drive[], text: string): Drive[] {
  const wanted = text.trim().toLowerCase()
  return drives.filter(({ parts }) =>
    parts.some(
      part =>
        namesOf(part).some(name => name?.toLowerCase() === wanted) ||
        (wanted.length >= shortestId && part.id.startsWith(wanted)),
    ),
  )
}

const namesOf = ({ id, path, vendor, model, serial, fileSystem, mountPoints }: DriveDevice) => [
  ...[id, path, model, serial, fileSystem?.label, fileSystem?.uuid],
  ...(vendor !== null && model !== null ? [`${vendor} ${model}`] : []),
  ...mountPoints,
]

/** "Samsung Portable SSD T7"; its path when it does not say what it is. */
export const driveTitle = ({ device: { vendor, model, path } }: Drive): string =>
  model === null ? path : vendor === null || model.startsWith(vendor) ? model : `${vendor} ${model}`

/** Labels of the file systems on it. */
export const driveLabels = ({ parts }: Drive): string[] => [
  ...new Set(parts.flatMap(part => part.fileSystem?.label ?? [])),
]

export const driveMountPoints = ({ parts }: Drive): string[] => [...new Set(parts.flatMap(part => part.mountPoints))]
