import { dayMs } from '../base/localTime.ts'
import { HoldfastError } from '../contract/errors.ts'
import type { Version } from '../contract/models.ts'

/** Holdfast removes versions of any age on request unless a minimum is set. */
export const defaultMinimumAgeDays = 0

/** Full days (of 24 hours) between the version's date and `now` (milliseconds since 1970 UTC); negative for the future. */
export const ageInDays = (version: Pick<Version, 'date'>, now: number): number =>
  Math.floor((now - Date.parse(version.date)) / dayMs)

/**
 * True when a version may not be removed yet: its age in full days is below `minimumAgeDays`. A minimum of 0 guards
 * nothing; with any other, a version dated in the future is too young. Both times are instants, so zones play no part.
 */
export function tooYoung(version: Pick<Version, 'date'>, minimumAgeDays: number, now: number): boolean {
  if (!Number.isSafeInteger(minimumAgeDays) || minimumAgeDays < 0) {
    throw new HoldfastError('usage.invalid', `The minimum age of ${minimumAgeDays} days is not possible.`, {
      advice: 'Give a whole number of days, or 0 for no minimum.',
      details: { minimumAgeDays },
    })
  }
  // Not "at least N": when the date cannot be read, the comparison is false and the version stays guarded.
  return minimumAgeDays > 0 && !(ageInDays(version, now) >= minimumAgeDays)
}

/** Fails with repository.versionTooYoung when the version is `tooYoung`. */
export function requireMinimumAge(
  version: Pick<Version, 'id' | 'name' | 'date'>,
  minimumAgeDays: number,
  now: number,
): void {
  if (!tooYoung(version, minimumAgeDays, now)) return
  const days = `${minimumAgeDays} ${minimumAgeDays === 1 ? 'day' : 'days'}`
  throw new HoldfastError(
    'repository.versionTooYoung',
    `Version ${version.id} of ${version.name} is of ${version.date} and not yet ${days} old, so it was not removed.`,
    {
      advice: `Wait until it is ${days} old, or lower the minimum age.`,
      details: { id: version.id, name: version.name, date: version.date, minimumAgeDays },
    },
  )
}
