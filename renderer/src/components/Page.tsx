import { type ReactNode, useEffect, useId, useRef } from 'react'
import { useSpeech } from '../i18n/useSpeech.ts'

/**
 * A screen: its heading, what can be done with all of it, and its parts. The heading takes the focus when the screen comes, so
 * that readers of screens hear where they are; the window is named after it.
 */
export function Page({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  const { t } = useSpeech()
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = t('app.title', { screen: title })
    heading.current?.focus({ preventScroll: true })
  }, [title, t])
  return (
    <div className="hf-page">
      <header className="hf-page-head">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {actions}
      </header>
      <div className="hf-page-body">{children}</div>
    </div>
  )
}

/** A part of a page, with a heading or without. */
export function Card({ title, actions, children }: { title?: ReactNode; actions?: ReactNode; children: ReactNode }) {
  const id = useId()
  if (title === undefined) return <section className="hf-card">{children}</section>
  return (
    <section className="hf-card" aria-labelledby={id}>
      <div className="hf-card-head">
        <h2 id={id}>{title}</h2>
        {actions}
      </div>
      {children}
    </section>
  )
}

/** Stands where there is nothing yet, and says what would be there and how it comes. */
export function EmptyState({ title, children, action }: { title?: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="hf-card hf-empty">
      {title !== undefined && <h2>{title}</h2>}
      {children !== undefined && <p>{children}</p>}
      {action}
    </div>
  )
}
