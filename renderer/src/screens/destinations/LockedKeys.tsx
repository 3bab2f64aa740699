import { Button } from '@mantine/core'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall, useQuery } from '../../state/calls.ts'

/** Says that all keys are locked, when they are, and lets them be used again. */
export function LockedKeys() {
  const { t } = useSpeech()
  const status = useQuery('status.get', {})
  const unlock = useCall('secrets.unlock')
  if (!status.value?.secretsLocked) return null
  const go = async () => {
    if (await unlock.call({})) status.again()
  }
  return (
    <Note
      tone="attention"
      title={t('destinations.locked')}
      actions={
        <Button size="xs" loading={unlock.busy} onClick={() => void go()}>
          {t('destinations.unlockAll')}
        </Button>
      }
    >
      {t('destinations.lockedText')}
      <ErrorNote error={unlock.error} />
    </Note>
  )
}
