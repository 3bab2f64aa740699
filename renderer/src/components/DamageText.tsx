import type { RunOutcome } from '../../../engine/contract/jobs.ts'
import { useSpeech } from '../i18n/useSpeech.ts'
import { damageWords } from './damageWords.ts'

/** One finding of a check; what the service said of it in English is folded away. */
export function DamageText({ damage }: { damage: Extract<RunOutcome, { kind: 'scrub' }>['damaged'][number] }) {
  const speech = useSpeech()
  const { text, said } = damageWords(speech, damage)
  if (said === null) return <>{text}</>
  return (
    <>
      {text}
      <details className="hf-quiet">
        <summary>{speech.t('action.details')}</summary>
        <span lang="en">{said}</span>
      </details>
    </>
  )
}
