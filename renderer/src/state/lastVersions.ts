import type { DriveDevice } from '../../../engine/contract/drives.ts'
import type { JobView } from '../../../engine/contract/helperContract.ts'
import type { LibraryVersion } from '../../../engine/contract/library.ts'
import { ancestry } from './diskTree.ts'

/**
 * Tells for each device the newest version that holds it: of jobs of it, or of what it lies on. `versions` are newest first. Pure.
 */
export function lastVersions(
  jobs: readonly JobView[],
  versions: readonly LibraryVersion[],
  devices: readonly DriveDevice[],
): (device: DriveDevice) => LibraryVersion | undefined {
  const whole = versions.filter(({ status }) => status === 'complete')
  const ofSource = new Map<string, LibraryVersion>()
  for (const { job } of jobs) {
    for (const { device, name } of job.sources) {
      const found = whole.find(version => version.job === job.id && version.name === name)
      if (device === null || !found) continue
      const other = ofSource.get(device)
      if (!other || other.date < found.date) ofSource.set(device, found)
    }
  }
  const byId = new Map(devices.map(device => [device.id, device]))
  return device =>
    ancestry(device, byId)
      .flatMap(one => ofSource.get(one.id) ?? [])
      .toSorted((a, b) => b.date.localeCompare(a.date))[0]
}
