import { Button } from '@mantine/core'
import { useState } from 'react'
import type { Run } from '../../../engine/contract/jobs.ts'
import { useSpeech } from '../i18n/useSpeech.ts'
import { useCall } from '../state/calls.ts'
import { ConfirmDialog } from './ConfirmDialog.tsx'
import { ErrorNote } from './Note.tsx'

/** Ends a run. A restore leaves something unusable behind, so it asks first; everything else keeps what is done. */
export function StopButton({ run, title }: { run: Run; title: string }) {
  const { t } = useSpeech()
  const cancel = useCall('runs.cancel')
  const [asks, setAsks] = useState(false)
  const stop = async () => {
    if (await cancel.call({ run: run.id })) setAsks(false)
  }
  return (
    <div>
      <Button
        variant="default"
        size="xs"
        loading={cancel.busy && !asks}
        title={run.kind === 'restore' ? undefined : t('activity.stop.backup')}
        aria-label={t('progress.stop', { name: title })}
        onClick={() => (run.kind === 'restore' ? setAsks(true) : void stop())}
      >
        {t('action.stop')}
      </Button>
      {!asks && <ErrorNote error={cancel.error} />}
      <ConfirmDialog
        opened={asks}
        dangerous
        title={t('activity.stop.title')}
        confirm={t('activity.stop.confirm')}
        cancel={t('activity.stop.goOn')}
        busy={cancel.busy}
        error={cancel.error}
        onConfirm={() => void stop()}
        onCancel={() => setAsks(false)}
      >
        {t('activity.stop.restore', { name: run.jobName })}
      </ConfirmDialog>
    </div>
  )
}
