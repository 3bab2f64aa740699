import type { WireError } from '../../../../engine/contract/errors.ts'
import { hrefOf } from '../../app/routes.ts'
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { deviceText, lostTexts, type Plan } from './wording.ts'

export interface ConfirmRestoreProps {
  opened: boolean
  plan: Plan
  busy: boolean
  error: WireError | null
  onConfirm(confirmation: string): void
  onCancel(): void
}

/** The last question before the first byte. For a disk, a person types what only that disk has. */
export function ConfirmRestore({ opened, plan, busy, error, onConfirm, onCancel }: ConfirmRestoreProps) {
  const { t, format } = useSpeech()
  const { target, version } = plan
  const words = {
    name: version.name,
    host: version.host,
    when: `${format.day(version.date)}, ${format.time(version.date)}`,
  }
  const common = { opened, busy, error, onCancel }
  if (target.kind !== 'device') {
    return (
      <ConfirmDialog
        {...common}
        title={t(target.kind === 'newVolume' ? 'restore.volume.title' : 'restore.file.title')}
        confirm={t(target.kind === 'newVolume' ? 'restore.volume.confirm' : 'restore.file.confirm')}
        onConfirm={() => onConfirm('')}
      >
        <div className="hfr-question">
          <p className="hf-wrap">
            {t(target.kind === 'newVolume' ? 'restore.volume.then' : 'restore.file.then', {
              path: target.path,
              ...words,
            })}
          </p>
          <p>{t(target.kind === 'newVolume' ? 'restore.volume.warning' : 'restore.file.warning')}</p>
        </div>
      </ConfirmDialog>
    )
  }
  const { device, confirmation, confirmationOf, lost } = target
  return (
    <ConfirmDialog
      {...common}
      dangerous
      title={t(
        device.kind === 'disk' || device.kind === 'loop' ? 'restore.erase.title.disk' : 'restore.erase.title.part',
      )}
      confirm={t('restore.erase.confirm')}
      cancel={t('restore.erase.other')}
      typed={confirmation}
      typedLabel={
        confirmationOf === 'serial'
          ? t('restore.erase.type.serial')
          : t('restore.erase.type.name', { path: device.path })
      }
      onConfirm={() => onConfirm(confirmation)}
    >
      <div className="hfr-question">
        <p>
          <strong className="hf-wrap">{deviceText(t, format, device)}</strong>
        </p>
        <p className="hf-wrap">
          {lost.length === 0
            ? t('restore.erase.lostUnknown')
            : t('restore.erase.lost', { content: format.list(lostTexts(t, format, lost)) })}
        </p>
        <p className="hf-wrap">{t('restore.erase.then', words)}</p>
        <p>{t('restore.erase.warning')}</p>
        <p>
          <a className="hfv-link" href={hrefOf('wizard')}>
            {t('restore.erase.backUpFirst')}
          </a>
        </p>
      </div>
    </ConfirmDialog>
  )
}
