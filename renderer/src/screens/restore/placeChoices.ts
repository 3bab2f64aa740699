import type { DriveDevice } from '../../../../engine/contract/drives.ts'
import type { Input } from '../../state/calls.ts'
import { isContainer, isSwap } from '../../state/diskTree.ts'

/** Where a backup may lie, as the service is asked for it. */
export type Place = Input<'places.look'>['place']

/** File systems on which a backup may lie: not those of the running system, nor what only holds others. Those that come and go first. */
export function driveChoices(devices: readonly DriveDevice[]): DriveDevice[] {
  return devices
    .filter(device => device.fileSystem !== null && !device.isSystem && !isSwap(device) && !isContainer(device))
    .toSorted((a, b) => Number(b.hotplug) - Number(a.hotplug) || a.path.localeCompare(b.path, 'en', { numeric: true }))
}
