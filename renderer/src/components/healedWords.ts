import type { RunOutcome } from '../../../engine/contract/jobs.ts'
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
