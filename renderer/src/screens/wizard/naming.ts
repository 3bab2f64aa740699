import type { DriveDevice } from '../../../../engine/contract/drives.ts'
import { deviceTitle } from '../../state/diskTree.ts'
import { freeName, type PlaceChoice } from './draft.ts'

/** What to call a new destination: after its drive, or after the folder. */
export function destinationName(place: PlaceChoice, devices: readonly DriveDevice[], taken: readonly string[]): string {
  const device = place.kind === 'drive' ? devices.find(({ id }) => id === place.device) : undefined
  const folder = place.kind === 'folder' ? place.path.split('/').findLast(Boolean) : undefined
  const wanted = (device ? deviceTitle(device) : (folder ?? '')).trim().slice(0, 90)
  return freeName(wanted || 'Holdfast', taken)
}
