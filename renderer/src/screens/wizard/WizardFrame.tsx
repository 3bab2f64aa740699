import { Button } from '@mantine/core'
import type { FormEvent, ReactNode } from 'react'
import { hrefOf } from '../../app/routes.ts'
import { CheckIcon } from '../../components/icons.tsx'
import { Page } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { type Step, steps } from './draft.ts'

export interface FrameProps {
  step: Step
  /** What the button to go on says; "Next" unless given. */
  nextLabel?: string
  /** Null: there is no going on yet, and the page says why. */
  onNext: (() => void) | null
  onBack?: (() => void) | undefined
  busy?: boolean
  /** Beside the buttons: why it does not go on. */
  hint?: ReactNode
  children: ReactNode
}

/** One step: where one is, its question, its fields, and the way on. Enter goes on wherever a field has the focus. */
export function WizardFrame({ step, nextLabel, onNext, onBack, busy = false, hint, children }: FrameProps) {
  const { t } = useSpeech()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onNext?.()
  }
  return (
    <Page
      title={t(`wizard.${step}`)}
      actions={
        <Button component="a" href={hrefOf('home')} variant="subtle" size="xs">
          {t('wizard.leave')}
        </Button>
      }
    >
      <ol className="hf-steps" aria-label={t('wizard.steps')}>
        {steps.map((name, i) => {
          const isDone = i < steps.indexOf(step)
          return (
            <li key={name} aria-current={name === step ? 'step' : undefined} data-done={isDone || undefined}>
              <span className="hf-step-sign" aria-hidden="true">
                {isDone ? <CheckIcon size={18} /> : i + 1}
              </span>
              {t(`wizard.step.${name}`)}
            </li>
          )
        })}
      </ol>
      <form onSubmit={submit} className="hf-page-body" noValidate>
        {children}
        <div className="hf-wizard-foot">
          {onBack && (
            <Button variant="default" onClick={onBack}>
              {t('action.back')}
            </Button>
          )}
          <span className="hf-quiet hf-small hf-wizard-hint" aria-live="polite">
            {hint}
          </span>
          <Button type="submit" disabled={onNext === null} loading={busy}>
            {nextLabel ?? t('action.next')}
          </Button>
        </div>
      </form>
    </Page>
  )
}
