import { Button } from '@mantine/core'
import { useState } from 'react'
import { ErrorNote } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { useShell } from '../../state/context.ts'

/** Keeps as a file what somebody needs to know who is to help. */
export function SupportFile() {
  const { t } = useSpeech()
  const shell = useShell()
  const bundle = useCall('support.bundle')
  const [isSaved, setIsSaved] = useState(false)
  const save = async () => {
    setIsSaved(false)
    const made = await bundle.call({})
    if (!made) return
    setIsSaved(await shell.saveText({ name: 'holdfast-support.json', type: 'application/json', text: made.text }))
  }
  return (
    <Card title={t('activity.support')}>
      <p className="hf-quiet hf-activity-text">{t('activity.supportText')}</p>
      <div className="hf-activity-buttons">
        <Button variant="default" size="xs" loading={bundle.busy} onClick={() => void save()}>
          {t('activity.support.save')}
        </Button>
        <Button variant="subtle" size="xs" onClick={() => shell.openPage('issues')}>
          {t('activity.support.page')}
        </Button>
        <span role="status" className="hf-small">
          {isSaved ? t('activity.support.saved') : ''}
        </span>
      </div>
      <ErrorNote error={bundle.error} />
    </Card>
  )
}
