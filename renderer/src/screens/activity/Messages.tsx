import { Button } from '@mantine/core'
import { useState } from 'react'
import type { ShownNotice } from '../../../../engine/contract/shownNotice.ts'
import { Card } from '../../components/Page.tsx'
import { protectionIcons } from '../../components/StateBadge.tsx'
import { When } from '../../components/values.tsx'
import { noticeWords } from '../../i18n/told.ts'
import { useSpeech } from '../../i18n/useSpeech.ts'
import type { Protection } from '../../theme/tokens.ts'

const shownFirst = 3

const tones: Record<ShownNotice['urgency'], Protection> = {
  critical: 'danger',
  normal: 'waiting',
  low: 'protected',
}

/** What the helper has told people, newest first. */
export function Messages({ notices }: { notices: readonly ShownNotice[] }) {
  const speech = useSpeech()
  const { t } = speech
  const [isAll, setIsAll] = useState(false)
  if (notices.length === 0) return null
  const newest = notices.toReversed()
  return (
    <Card title={t('activity.messages')}>
      <ul className="hf-plain-list hf-activity-messages">
        {newest.slice(0, isAll ? undefined : shownFirst).map(notice => {
          const Sign = protectionIcons[tones[notice.urgency]]
          const [title, body] = noticeWords(speech, notice)
          return (
            <li key={`${notice.at} ${notice.title}`} data-tone={tones[notice.urgency]}>
              <Sign size={18} />
              <div className="hf-wrap">
                <strong>{title}</strong>{' '}
                <span className="hf-quiet hf-small">
                  <When at={notice.at} />
                </span>
                <div className="hf-small">{body}</div>
              </div>
            </li>
          )
        })}
      </ul>
      {!isAll && newest.length > shownFirst && (
        <Button variant="default" size="xs" mt="sm" onClick={() => setIsAll(true)}>
          {t('activity.allMessages', { count: newest.length })}
        </Button>
      )}
    </Card>
  )
}
