import { Button } from '@mantine/core'
import { useState } from 'react'
import type { AttachmentView } from '../../../../engine/contract/files.ts'
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'

/** Throws a copy away, after saying how much is lost by that. */
export function DiscardCopy({ attachment, disabled }: { attachment: AttachmentView; disabled: boolean }) {
  const { t, format } = useSpeech()
  const discard = useCall('copies.discard')
  const [isOpen, setIsOpen] = useState(false)
  const { id, changedBytes } = attachment
  const remove = async () => {
    if (await discard.call({ copy: id })) setIsOpen(false)
  }
  return (
    <>
      <Button size="xs" variant="default" disabled={disabled} onClick={() => setIsOpen(true)}>
        {t('copies.discard')}
      </Button>
      <ConfirmDialog
        opened={isOpen}
        dangerous
        title={t('copies.discard.title')}
        confirm={t('copies.discard.confirm')}
        cancel={t('copies.discard.keep')}
        busy={discard.busy}
        error={discard.error}
        onConfirm={() => void remove()}
        onCancel={() => {
          setIsOpen(false)
          discard.clear()
        }}
      >
        <p className="hfv-flush">
          {changedBytes === 0
            ? t('copies.discard.nothing')
            : t('copies.discard.text', { bytes: format.bytes(changedBytes ?? 0) })}
        </p>
      </ConfirmDialog>
    </>
  )
}
