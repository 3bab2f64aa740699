import type { Usage } from '../../../../engine/contract/library.ts'
import type { Speech } from '../../i18n/language.ts'

/** Until when nothing can be removed from a destination, and how that is known; null where nothing is locked. Pure. */
export function lockWords(
  usage: Pick<Usage, 'at' | 'lock'> | null,
  { t, format }: Speech,
  now: number,
): { isLocked: boolean; text: string; source: string } | null {
  if (!usage?.lock) return null
  const { mode, lockedUntil } = usage.lock
  const when = format.when(usage.at, now)
  if (lockedUntil === null) {
    return {
      isLocked: false,
      text: t('destinations.lock.unknown'),
      source: t('destinations.lock.unknownSource', { when }),
    }
  }
  const values = { day: format.day(lockedUntil) }
  if (Date.parse(lockedUntil) <= now) {
    return { isLocked: false, text: t('destinations.lock.over', values), source: t('destinations.lock.overSource') }
  }
  return {
    isLocked: true,
    text: t('destinations.lock.until', values),
    source: t(`destinations.lock.${mode}`, { when }),
  }
}
