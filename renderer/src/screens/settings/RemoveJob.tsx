import { Button } from '@mantine/core'
import { useState } from 'react'
import type { JobView } from '../../../../engine/contract/helperContract.ts'
import { navigate } from '../../app/routes.ts'
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'

/** Forgets a job; what it has stored stays. */
export function RemoveJob({ view }: { view: JobView }) {
  const { t } = useSpeech()
  const [asks, setAsks] = useState(false)
  const remove = useCall('jobs.remove')
  const { id, name } = view.job
  const go = async () => {
    if (await remove.call({ job: id })) navigate('settings')
  }
  return (
    <Card title={t('job.remove')}>
      <p className="hf-quiet hf-settings-text">{t('job.remove.text')}</p>
      <Button size="xs" variant="outline" color="red" onClick={() => setAsks(true)}>
        {t('job.remove.do')}
      </Button>
      <ConfirmDialog
        opened={asks}
        dangerous
        title={t('job.remove.title', { name })}
        confirm={t('job.remove.do')}
        busy={remove.busy}
        error={remove.error}
        onConfirm={() => void go()}
        onCancel={() => setAsks(false)}
      >
        {t('job.remove.text')}
      </ConfirmDialog>
    </Card>
  )
}
