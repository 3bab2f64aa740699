import { Button, Modal } from '@mantine/core'
import { useState } from 'react'
import type { DestinationView } from '../../../../engine/contract/helperContract.ts'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { NewPassphrase } from './NewPassphrase.tsx'

/** Adds a passphrase, keeps it in place of the old one, and then offers to remove those that were there before. */
export function ChangePassphrase({ view, onClose }: { view: DestinationView; onClose(): void }) {
  const { t } = useSpeech()
  const destination = view.destination.id
  const [passphrase, setPassphrase] = useState<string | null>(null)
  const [old, setOld] = useState<readonly string[] | null>(null)
  const add = useCall('keys.addPassphrase')
  const list = useCall('keys.list')
  const remove = useCall('keys.remove')
  const submit = async () => {
    if (passphrase === null) return
    const added = await add.call({ destination, passphrase })
    if (!added) return
    const all = await list.call({ destination })
    setOld((all?.keys ?? []).filter(key => key.kind === 'passphrase' && key.id !== added.key.id).map(({ id }) => id))
  }
  const removeOld = async () => {
    let left = old ?? []
    for (const key of left) {
      if (!(await remove.call({ destination, key }))) return
      left = left.filter(one => one !== key)
      setOld(left)
    }
  }
  return (
    <Modal opened onClose={onClose} title={t('destinations.change')} size="lg" withCloseButton={false}>
      {old === null ? (
        <form
          className="hf-fields"
          onSubmit={event => {
            event.preventDefault()
            void submit()
          }}
        >
          <p className="hf-quiet hf-destination-text">{t('destinations.changeText')}</p>
          <NewPassphrase onChange={setPassphrase} />
          <ErrorNote error={add.error} />
          <div className="hf-dialog-actions">
            <Button variant="default" onClick={onClose}>
              {t('action.cancel')}
            </Button>
            <Button type="submit" disabled={passphrase === null} loading={add.busy || list.busy}>
              {t('destinations.change.do')}
            </Button>
          </div>
        </form>
      ) : (
        <div className="hf-fields" role="status">
          <Note tone="protected">{t('destinations.changed')}</Note>
          {old.length > 0 && (
            <Note
              tone="attention"
              actions={
                <Button size="xs" variant="default" loading={remove.busy} onClick={() => void removeOld()}>
                  {t('destinations.change.removeOld', { count: old.length })}
                </Button>
              }
            >
              {t('destinations.change.old', { count: old.length })}
            </Note>
          )}
          <ErrorNote error={list.error ?? remove.error} />
          <div className="hf-dialog-actions">
            <Button data-autofocus onClick={onClose}>
              {t('action.close')}
            </Button>
          </div>
        </div>
      )}
    </Modal>
  )
}
