import { ConfirmDialog } from '../components/ConfirmDialog.tsx'
import { useSpeech } from '../i18n/useSpeech.ts'
import { leave, stay, useAskedPlace } from './leaving.ts'

/** Asks whoever goes away from something that is not saved. */
export function LeaveDialog() {
  const { t } = useSpeech()
  const asked = useAskedPlace()
  return (
    <ConfirmDialog
      opened={asked !== null}
      title={t('leave.title')}
      confirm={t('leave.confirm')}
      cancel={t('leave.stay')}
      dangerous
      onConfirm={leave}
      onCancel={stay}
    >
      {t('leave.text')}
    </ConfirmDialog>
  )
}
