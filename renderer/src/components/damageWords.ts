import type { RunOutcome } from '../../../engine/contract/jobs.ts'
import type { Speech } from '../i18n/language.ts'

type Damage = Extract<RunOutcome, { kind: 'scrub' }>['damaged'][number]

/**
 * What a check has found, as a sentence. The service says it in English and more closely: that stands in `said` where the language is
 * another one. Pure.
 */
export function damageWords({ t, language }: Speech, { reason, about }: Damage): { text: string; said: string | null } {
  if (language === 'en' || !about) return { text: reason, said: null }
  return { text: t(`damage.${about.kind}`, { object: about.object ?? '' }), said: reason }
}
