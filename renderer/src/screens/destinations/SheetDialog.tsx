import { Button, Modal } from '@mantine/core'
import { useState } from 'react'
import type { DestinationView } from '../../../../engine/contract/helperContract.ts'
import { ErrorNote } from '../../components/Note.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { type Output, useCall } from '../../state/calls.ts'
import { SheetSaver } from './SheetSaver.tsx'

/** Makes another recovery phrase and saves its sheet; or notes that the person has one. */
export function SheetDialog({ view, onClose }: { view: DestinationView; onClose(): void }) {
  const { t } = useSpeech()
  const { id: destination, name } = view.destination
  const [made, setMade] = useState<Output<'keys.addRecoveryPhrase'> | null>(null)
  const [isSaved, setIsSaved] = useState(false)
  const add = useCall('keys.addRecoveryPhrase')
  const remove = useCall('keys.remove')
  const note = useCall('recoverySheet.saved')
  const make = async () => {
    const added = await add.call({ destination })
    if (added) setMade(added)
  }
  const have = async () => {
    if (await note.call({ destination })) onClose()
  }
  const close = async () => {
    // Words that nobody has written down should not go on opening the backup.
    if (made && !isSaved) await remove.call({ destination, key: made.key.id })
    onClose()
  }
  return (
    <Modal
      opened
      onClose={() => void close()}
      title={t('destinations.sheet.make')}
      size="xl"
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={made === null || isSaved}
    >
      {made === null ? (
        <>
          <p className="hf-destination-text">{t('destinations.sheet.makeText')}</p>
          <ErrorNote error={add.error ?? note.error} />
          <div className="hf-dialog-actions">
            <Button variant="default" data-autofocus onClick={onClose}>
              {t('action.cancel')}
            </Button>
            {view.sheetSavedAt === null && (
              <Button variant="default" loading={note.busy} onClick={() => void have()}>
                {t('destinations.sheet.have')}
              </Button>
            )}
            <Button loading={add.busy} onClick={() => void make()}>
              {t('destinations.sheet.makeDo')}
            </Button>
          </div>
        </>
      ) : (
        <>
          <SheetSaver
            destination={destination}
            name={name}
            phrase={made.recoveryPhrase}
            isSaved={isSaved}
            onSaved={() => setIsSaved(true)}
          />
          <div className="hf-dialog-actions">
            {!isSaved && <span className="hf-quiet hf-small">{t('destinations.sheet.unsaved')}</span>}
            <Button variant={isSaved ? 'filled' : 'default'} loading={remove.busy} onClick={() => void close()}>
              {t('action.close')}
            </Button>
          </div>
        </>
      )}
    </Modal>
  )
}
