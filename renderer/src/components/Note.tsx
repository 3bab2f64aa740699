import type { ReactNode } from 'react'
import { errorCodes, type WireError } from '../../../engine/contract/errors.ts'
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

const known = new Set<string>(errorCodes)

/** The one way in which errors are shown: what happened and what to do, in the person's language; what the service said below. */
export function ErrorNote({ error, actions }: { error: WireError | null | undefined; actions?: ReactNode }) {
  const { t } = useSpeech()
  if (!error) return null
  // A newer helper may know codes that this app does not.
  const isKnown = known.has(error.code)
  return (
    <Note
      tone={error.code === 'run.cancelled' ? 'none' : 'danger'}
      urgent
      title={isKnown ? t(`error.${error.code}`) : t('error.unknown')}
      {...(actions === undefined ? {} : { actions })}
    >
      <div>{isKnown ? t(`error.${error.code}.do`) : t('error.unknown.do')}</div>
      <details>
        <summary>{t('action.details')}</summary>
        <div>
          {t('error.said')}: {error.message} {error.advice}
        </div>
        <div>
          {t('error.code')}: <code>{error.code}</code>
        </div>
      </details>
    </Note>
  )
}
