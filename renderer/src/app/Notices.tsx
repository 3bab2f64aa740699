import { CloseButton } from '@mantine/core'
import { useState } from 'react'
import type { ShownNotice } from '../../../engine/contract/shownNotice.ts'
import { Note } from '../components/Note.tsx'
import { When } from '../components/values.tsx'
import { noticeWords } from '../i18n/told.ts'
import { useSpeech } from '../i18n/useSpeech.ts'
import { useHouse } from '../state/context.ts'
import { hrefOf } from './routes.ts'

const shownAtOnce = 2
const keyOf = (notice: ShownNotice): string => `${notice.at} ${notice.title}`

/** The newest messages that nobody has dismissed yet. All of them stay under Activity. */
export function Notices() {
  const speech = useSpeech()
  const { t } = speech
  const notices = useHouse(house => house.notices)
  const [dismissed, setDismissed] = useState<ReadonlySet<string>>(new Set())
  const open = (notices ?? []).filter(notice => notice.urgency !== 'low' && !dismissed.has(keyOf(notice))).toReversed()
  if (open.length === 0) return null
  const rest = open.length - shownAtOnce
  return (
    <section className="hf-banner" aria-label={t('notices.title')} aria-live="polite">
      {open.slice(0, shownAtOnce).map(notice => {
        const [title, body] = noticeWords(speech, notice)
        return (
          <div key={keyOf(notice)} className="hf-notice">
            <Note
              tone={notice.urgency === 'critical' ? 'danger' : 'waiting'}
              title={
                <>
                  {title}{' '}
                  <span className="hf-quiet hf-small">
                    <When at={notice.at} />
                  </span>
                </>
              }
            >
              {body}
            </Note>
            <CloseButton
              aria-label={t('notices.dismiss', { title })}
              onClick={() => setDismissed(new Set([...dismissed, keyOf(notice)]))}
            />
          </div>
        )
      })}
      {rest > 0 && (
        <a className="hf-small" href={hrefOf('activity')}>
          {t('notices.more', { count: rest })}
        </a>
      )}
    </section>
  )
}
