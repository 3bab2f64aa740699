import type { ReactNode } from 'react'
import { type ErrorCode, errorCodes } from '../../../engine/contract/errors.ts'
import { useSpeech } from '../i18n/useSpeech.ts'
import type { Protection } from '../theme/tokens.ts'
import { protectionIcons } from './StateBadge.tsx'

export interface NoteProps {
  tone: Protection
  title?: ReactNode
  children?: ReactNode
  /** Buttons. */
  actions?: ReactNode
  /** Read out at once. */
  urgent?: boolean
}

/** Something worth reading, with a sign beside it. */
export function Note({ tone, title, children, actions, urgent = false }: NoteProps) {
  const Sign = protectionIcons[tone]
  return (
    <div className="hf-note" data-tone={tone} role={urgent ? 'alert' : undefined}>
      <Sign size={20} />
      <div className="hf-note-body">
        {title !== undefined && <div className="hf-note-title">{title}</div>}
        {children}
        {actions !== undefined && <div className="hf-note-actions">{actions}</div>}
      </div>
    </div>
  )
}

/** An error of a call, or one that a run has kept; its code may be one of a newer helper. */
export interface ShownError {
  code: string
  message: string
  advice?: string | undefined
}

const isKnown = (code: string): code is ErrorCode => (errorCodes as readonly string[]).includes(code)

/** The one way in which errors are shown: what happened and what to do, in the person's language; what the service said below. */
export function ErrorNote({ error, actions }: { error: ShownError | null | undefined; actions?: ReactNode }) {
  const { t } = useSpeech()
  if (!error) return null
  const { code } = error
  return (
    <Note
      tone={code === 'run.cancelled' ? 'none' : 'danger'}
      urgent
      title={isKnown(code) ? t(`error.${code}`) : t('error.unknown')}
      {...(actions === undefined ? {} : { actions })}
    >
      <div>{isKnown(code) ? t(`error.${code}.do`) : t('error.unknown.do')}</div>
      <details>
        <summary>{t('action.details')}</summary>
        <div>
          {t('error.said')}: {error.message} {error.advice}
        </div>
        <div>
          {t('error.code')}: <code>{code}</code>
        </div>
      </details>
    </Note>
  )
}
