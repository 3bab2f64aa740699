import { Button } from '@mantine/core'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { Card, EmptyState } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import type { Attachment } from './useAttachment.ts'

/** Instead of the files, while they cannot be shown. */
export function Opening({ attachment }: { attachment: Attachment }) {
  const { t } = useSpeech()
  const { now, open, stop } = attachment
  switch (now.state) {
    case 'opening':
      return (
        <Card>
          <div className="hff-opening">
            <div role="status">
              <strong>{t('files.opening')}</strong>
              <p className="hf-quiet">{t('files.opening.text')}</p>
            </div>
            <div className="hf-progress-bar" role="progressbar" aria-label={t('files.opening')} data-unknown="">
              <div />
            </div>
            <div>
              <Button variant="default" onClick={stop}>
                {t('files.opening.cancel')}
              </Button>
            </div>
          </div>
        </Card>
      )
    case 'stopped':
      return (
        <EmptyState title={t('files.stopped')} action={<Button onClick={open}>{t('files.open')}</Button>}>
          {t('files.stopped.text')}
        </EmptyState>
      )
    case 'ended':
      return (
        <Note
          tone="waiting"
          urgent
          title={t('files.ended')}
          actions={
            <Button size="xs" onClick={open}>
              {t('files.openAgain')}
            </Button>
          }
        >
          {t('files.ended.text')}
        </Note>
      )
    case 'failed':
      return (
        <ErrorNote
          error={now.error}
          actions={
            <Button size="xs" variant="default" onClick={open}>
              {t('action.tryAgain')}
            </Button>
          }
        />
      )
    default:
      return null
  }
}
