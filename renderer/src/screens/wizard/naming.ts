import type { DriveDevice } from '../../../../engine/contract/drives.ts'
import { deviceTitle } from '../../state/diskTree.ts'
import { freeName, type PlaceChoice } from './draft.ts'

/** What to call a new destination: after its drive, its folder, its bucket or its server. */
export function destinationName(place: PlaceChoice, devices: readonly DriveDevice[], taken: readonly string[]): string {
  const device = place.kind === 'drive' ? devices.find(({ id }) => id === place.device) : undefined
  const folder = place.kind === 'folder' ? place.path.split('/').findLast(Boolean) : undefined
  const url = place.kind === 'elsewhere' ? place.url.split('?')[0] : undefined
  // A bucket is called after itself, a folder on a server after that.
  const elsewhere = url?.startsWith('sftp:')
    ? /^sftp:(?:\/\/)?(?:[^@/]*@)?([^/:]+)/.exec(url)?.[1]
    : url?.replace(/^(?:s3|b2|rclone):|:$/g, '')
  const wanted = (elsewhere ? elsewhere : device ? deviceTitle(device) : (folder ?? '')).trim().slice(0, 90)
  return freeName(wanted || 'Holdfast', taken)
}
