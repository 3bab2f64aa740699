import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import type { Speech } from '../../i18n/language.ts'

/** A version with a lock that has not run out. Pure; `now` in milliseconds since 1970. */
export const isLocked = ({ lock }: Pick<LibraryVersion, 'lock'>, now: number): boolean =>
  lock !== undefined && lock.until !== null && Date.parse(lock.until) > now

/** Until when a version cannot be removed for good, and how that is known. Where nothing is known of it, that is said. Pure. */
export function versionLockWords(
  { lock }: Pick<LibraryVersion, 'lock'>,
  { t, format }: Speech,
  now: number,
): { isLocked: boolean; text: string; source: string | null } {
  if (!lock) return { isLocked: false, text: t('versions.lock.unknown'), source: null }
  const { until, at, by } = lock
  const source = t(`versions.lock.${by}`, { when: format.when(at, now) })
  if (until === null) {
    return { isLocked: false, text: t(by === 'server' ? 'versions.lock.none' : 'versions.lock.unknown'), source }
  }
  const day = format.day(until)
  if (Date.parse(until) <= now) return { isLocked: false, text: t('versions.lock.over', { day }), source }
  return { isLocked: true, text: t(by === 'server' ? 'versions.lock.until' : 'versions.lock.atLeast', { day }), source }
}

/** The latest date until when at least some of the versions are locked; null when that is known of none. Pure. */
export function lockedAtLeast(versions: readonly Pick<LibraryVersion, 'lock'>[], now: number): string | null {
  const dates = versions.filter(version => isLocked(version, now)).map(({ lock }) => lock!.until!)
  return dates.reduce<string | null>((latest, date) => (latest === null || date > latest ? date : latest), null)
}
