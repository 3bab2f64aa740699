import { Button, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { AttachmentView } from '../../../../engine/contract/files.ts'
import { navigate } from '../../app/routes.ts'
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'

/** Stores a copy as a version of its own, in a run that one then looks at. */
export function KeepCopy({ attachment, disabled }: { attachment: AttachmentView; disabled: boolean }) {
  const { t } = useSpeech()
  const keep = useCall('copies.keep')
  const [isOpen, setIsOpen] = useState(false)
  const [note, setNote] = useState('')
  const store = async () => {
    const begun = await keep.call({ copy: attachment.id, note: note.trim() })
    if (begun) navigate('activity', [begun.run])
  }
  return (
    <>
      <Button size="xs" variant="default" disabled={disabled} onClick={() => setIsOpen(true)}>
        {t('copies.keep')}
      </Button>
      <ConfirmDialog
        opened={isOpen}
        title={t('copies.keep.title')}
        confirm={t('copies.keep.confirm')}
        busy={keep.busy}
        error={keep.error}
        onConfirm={() => void store()}
        onCancel={() => {
          setIsOpen(false)
          keep.clear()
        }}
      >
        <p className="hfv-flush">{t('copies.keep.text')}</p>
        <TextInput
          mt="md"
          label={t('copies.keep.note')}
          description={t('copies.keep.noteHint')}
          maxLength={1000}
          value={note}
          onChange={event => setNote(event.currentTarget.value)}
        />
      </ConfirmDialog>
    </>
  )
}
