import { CheckIcon } from '../../components/icons.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'

const steps = ['version', 'target', 'confirm'] as const
export type Step = (typeof steps)[number]

/** Where one is on the way. */
export function Steps({ at }: { at: Step }) {
  const { t } = useSpeech()
  const current = steps.indexOf(at)
  return (
    <ol className="hfr-steps" aria-label={t('restore.steps')}>
      {steps.map((step, i) => (
        <li key={step} aria-current={i === current ? 'step' : undefined} data-done={i < current || undefined}>
          <span className="hfr-step-sign" aria-hidden="true">
            {i < current ? <CheckIcon size={18} /> : i + 1}
          </span>
          {t(`restore.step.${step}`)}
        </li>
      ))}
    </ol>
  )
}
