import type { HowBackedUp } from '../../../engine/contract/backupWays.ts'
import type { Say } from '../i18n/language.ts'

/** How a device can be backed up, in a few words. */
export function wayText(t: Say, { way, consistency, why }: HowBackedUp): string {
  switch (way) {
    case 'snapshot-thin':
    case 'snapshot-classic':
      return consistency === 'consistent' ? t('way.snapshot') : t('way.snapshotCrash')
    case 'as-is':
      return t('way.asIs')
    case 'in-use':
      return t('way.inUse')
    case 'not':
      return isNotReason(why) ? t(`way.not.${why}`) : ''
  }
}

/** The same, and with how later backups know what to read. */
export function wayTexts(t: Say, how: HowBackedUp): { text: string; details: string } {
  const text = wayText(t, how)
  return { text, details: how.tracking === 'none' ? text : t('way.changes', { how: text }) }
}

/** Why a device can only be read while it is in use; null when it need not be. */
export function whyText(t: Say, { way, why }: HowBackedUp): string | null {
  return way === 'in-use' && isInUseReason(why) ? t(`way.why.${why}`) : null
}

const notReasons = [
  'thin-pool',
  'internal',
  'holds-volumes',
  'raid-member',
  'own-snapshot',
  'invalid-snapshot',
  'extended',
  'swap',
] as const satisfies HowBackedUp['why'][]
type NotReason = (typeof notReasons)[number]
type InUseReason = Exclude<HowBackedUp['why'], NotReason | 'snapshot' | 'idle'>

const isNotReason = (why: HowBackedUp['why']): why is NotReason => (notReasons as readonly string[]).includes(why)
const isInUseReason = (why: HowBackedUp['why']): why is InUseReason =>
  !isNotReason(why) && why !== 'snapshot' && why !== 'idle'
