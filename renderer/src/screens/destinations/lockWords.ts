import type { DestinationView } from '../../../../engine/contract/helperContract.ts'
import type { Usage } from '../../../../engine/contract/library.ts'
import type { Speech } from '../../i18n/language.ts'

/** What is known of the locks in a destination. */
export interface LocksKnown {
  usage: Pick<Usage, 'at' | 'lock'> | null
  askedLocks?: DestinationView['askedLocks']
}

export const hasLocks = ({ usage, askedLocks }: LocksKnown): boolean =>
  usage?.lock !== undefined || askedLocks !== undefined

/**
 * Until when nothing can be removed from a destination, and how that is known; null where nothing is locked. The word of the server
 * counts until later notes say more. Pure.
 */
export function lockWords(
  { usage, askedLocks: asked }: LocksKnown,
  speech: Speech,
  now: number,
): { isLocked: boolean; text: string; source: string } | null {
  const { t, format } = speech
  const lock = usage?.lock
  if (asked && (!lock || asked.at >= usage.at || (asked.lockedUntil ?? '') >= (lock.lockedUntil ?? ''))) {
    return words(asked, speech, now, {
      unknown: t('destinations.lock.notAll'),
      unknownSource: t('destinations.lock.notAllSource', { when: format.when(asked.at, now) }),
      source: t(
        asked.mode === 'compliance' ? 'destinations.lock.askedCompliance' : 'destinations.lock.askedGovernance',
        {
          ...{ count: asked.objects, when: format.when(asked.at, now) },
        },
      ),
    })
  }
  if (!lock) return null
  const when = format.when(usage.at, now)
  return words(lock, speech, now, {
    unknown: t('destinations.lock.unknown'),
    unknownSource: t('destinations.lock.unknownSource', { when }),
    source: t(`destinations.lock.${lock.mode}`, { when }),
  })
}

function words(
  { lockedUntil }: { lockedUntil: string | null },
  { t, format }: Speech,
  now: number,
  said: { unknown: string; unknownSource: string; source: string },
) {
  if (lockedUntil === null) return { isLocked: false, text: said.unknown, source: said.unknownSource }
  const values = { day: format.day(lockedUntil) }
  if (Date.parse(lockedUntil) <= now) {
    return { isLocked: false, text: t('destinations.lock.over', values), source: t('destinations.lock.overSource') }
  }
  return { isLocked: true, text: t('destinations.lock.until', values), source: said.source }
}
