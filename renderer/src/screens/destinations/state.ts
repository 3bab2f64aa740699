import type { DestinationState, DriveDevice } from '../../../../engine/contract/drives.ts'
import type { DestinationView, JobView } from '../../../../engine/contract/helperContract.ts'
import type { Usage } from '../../../../engine/contract/library.ts'
import type { Speech } from '../../i18n/language.ts'

/** What is said of a destination. Pure. */

/** Longer times than this are not told as a number of days: nobody knows. */
const longestDays = 5 * 365

/** How long the free room lasts at the growth of the last weeks, in days. */
export type DaysLeft = { kind: 'about'; days: number } | { kind: 'long' } | { kind: 'unknown' }

export function daysLeft({ usage, growthPerDay }: Pick<DestinationView, 'usage' | 'growthPerDay'>): DaysLeft {
  if (!usage || usage.freeBytes === null || growthPerDay === null) return { kind: 'unknown' }
  // What shrinks or stands still never fills the drive.
  if (growthPerDay <= 0) return { kind: 'long' }
  const days = Math.floor(usage.freeBytes / growthPerDay)
  return days > longestDays ? { kind: 'long' } : { kind: 'about', days }
}

/** Share of the size of all versions that need not be stored, from 0 to 1; null while there is nothing. */
export const savedShare = ({ virtualBytes, storedBytes }: Usage): number | null =>
  virtualBytes === 0 ? null : Math.max(0, 1 - storedBytes / virtualBytes)

/** Can it be worked with now, or at least as soon as its drive is opened? */
export const isUsable = (state: DestinationState): boolean =>
  state.state === 'connected' || state.state === 'present-unmounted'

/** The drive to eject, as one unplugs it; null when none is there. */
export function driveToEject(state: DestinationState, devices: readonly DriveDevice[]): string | null {
  const id = state.state === 'connected' ? state.drive : state.state === 'present-unmounted' ? state.devices[0] : null
  const device = devices.find(one => one.id === id)
  if (!device || device.isSystem) return null
  const drive = devices.find(one => one.id === device.drives[0]) ?? device
  return drive.hotplug || drive.removable ? drive.id : null
}

/** How it stands, in sentences. */
export function stateSentences(
  { destination, state, place }: DestinationView,
  { t, format }: Speech,
  now: number,
): string[] {
  const drive = destination.drive?.label ?? destination.name
  const ago = (at: string | null) => (at === null ? t('time.never') : format.ago(at, now))
  switch (state.state) {
    case 'connected':
      if (place.kind === 'drive' || place.kind === 'folder') return [t('destinations.state.connected')]
      return [t(destination.lastSeenAt === null ? 'destinations.state.never' : 'destinations.state.online')]
    case 'present-unmounted':
      return [t(destination.mayMount ? 'destinations.state.unmounted' : 'destinations.state.unmountedManual')]
    case 'locked':
      return [t('destinations.state.locked')]
    case 'missing':
      return [
        state.lastSeenAt === null
          ? t('destinations.state.missingNever', { drive })
          : t('destinations.state.missing', { drive, ago: ago(state.lastSeenAt) }),
        t('destinations.state.missingHint'),
      ]
    case 'wrong-drive': {
      const keys = {
        'other-repository': 'destinations.state.otherRepository',
        'other-copy': 'destinations.state.otherCopy',
        'repository-gone': 'destinations.state.gone',
      } as const
      return [t(keys[state.reason])]
    }
    case 'ambiguous':
      return [t('destinations.state.ambiguous', { count: state.paths.length, places: format.list(state.paths) })]
    case 'unreachable': {
      const values = { place: place.host ?? placeTitle(place), ago: ago(state.lastSeenAt) }
      return [
        state.reason === 'network'
          ? t('destinations.state.network', values)
          : t('destinations.state.silent', { ago: values.ago }),
      ]
    }
  }
}

/** Where it is, in a few words: the bucket with its server, the folder on a server. Pure data: names of kinds are the caller's. */
export const placeTitle = ({ kind, host, path }: DestinationView['place']): string =>
  host === null ? path : kind === 'rclone' ? `${host}:${path}` : `${path} (${host})`

/** Jobs that store there. */
export const usersOf = (destination: string, jobs: readonly JobView[]): JobView['job'][] =>
  jobs.map(({ job }) => job).filter(job => job.destinations.includes(destination))
