import { Button } from '@mantine/core'
import { useState } from 'react'
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx'
import { ErrorNote } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall, useQuery } from '../../state/calls.ts'

/** Locks the keys of all destinations, and unlocks them. */
export function KeyLock() {
  const { t } = useSpeech()
  const status = useQuery('status.get', {})
  const lock = useCall('secrets.lock')
  const unlock = useCall('secrets.unlock')
  const [asks, setAsks] = useState(false)
  if (!status.value) return null
  const isLocked = status.value.secretsLocked
  const text = t(status.value.mode === 'user' ? 'settings.keys.userText' : 'settings.keys.text')
  const lockNow = async () => {
    if (!(await lock.call({}))) return
    setAsks(false)
    status.again()
  }
  const unlockNow = async () => {
    if (await unlock.call({})) status.again()
  }
  return (
    <Card title={t('settings.keys')}>
      <p className="hf-quiet hf-settings-text">{isLocked ? t('settings.keys.isLocked') : text}</p>
      {isLocked ? (
        <Button size="xs" loading={unlock.busy} onClick={() => void unlockNow()}>
          {t('settings.keys.unlock')}
        </Button>
      ) : (
        <Button size="xs" variant="default" onClick={() => setAsks(true)}>
          {t('settings.keys.lock')}
        </Button>
      )}
      <ErrorNote error={unlock.error} />
      <ConfirmDialog
        opened={asks}
        title={t('settings.keys.lockTitle')}
        confirm={t('settings.keys.lock')}
        busy={lock.busy}
        error={lock.error}
        onConfirm={() => void lockNow()}
        onCancel={() => setAsks(false)}
      >
        {text}
      </ConfirmDialog>
    </Card>
  )
}
