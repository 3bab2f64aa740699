import type { Run, RunOutcome } from '../../../engine/contract/jobs.ts'
import type { Speech } from '../i18n/language.ts'

/** What a check has healed, and from where, as a sentence; null when that is nothing. Pure. */
export function healedWords(
  { t, format }: Speech,
  { repaired = 0, repairedFrom = [] }: Pick<Extract<RunOutcome, { kind: 'scrub' }>, 'repaired' | 'repairedFrom'>,
): string | null {
  if (repaired === 0) return null
  if (repairedFrom.length === 0) return t('healed.elsewhere', { count: repaired })
  const names = format.list(repairedFrom.map(name => t('healed.name', { name })))
  return t('healed.from', { count: repaired, names })
}

/** Has a check found damage that it could not all heal? What is left makes a run incomplete. Pure. */
export const leavesDamage = ({ state, outcome }: Pick<Run, 'state' | 'outcome'>): boolean =>
  outcome?.kind === 'scrub' && outcome.damagedCount > 0 && !(state === 'complete' && (outcome.repaired ?? 0) > 0)
