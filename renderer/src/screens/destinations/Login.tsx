import { Button } from '@mantine/core'
import { useState } from 'react'
import type { DestinationView } from '../../../../engine/contract/helperContract.ts'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { credentialsOf, type ElsewhereKind, emptyElsewhere } from '../elsewhere/draft.ts'
import { LoginFields } from '../elsewhere/LoginFields.tsx'

/** The kind of a place that asks for a login; undefined for drives and folders. */
export const elsewhereKindOf = ({ place }: DestinationView): ElsewhereKind | undefined =>
  place.kind === 'drive' || place.kind === 'folder' ? undefined : place.kind

/** What lets this computer in at a place elsewhere, and the way to change it. What is kept is never shown. */
export function Login({ view }: { view: DestinationView }) {
  const { t } = useSpeech()
  const kind = elsewhereKindOf(view)
  const empty = { ...emptyElsewhere, kind: kind ?? 'b2' }
  const [draft, setDraft] = useState(empty)
  const [isOpen, setIsOpen] = useState(false)
  const edit = useCall('destinations.edit')
  if (!kind || view.protection === null) return null
  const credentials = credentialsOf(draft)
  const save = async () => {
    if (credentials && (await edit.call({ destination: view.destination.id, credentials }))) {
      setDraft(empty)
      setIsOpen(false)
    }
  }
  return (
    <Card title={t('elsewhere.login')}>
      <div className="hf-destination">
        <p className="hf-quiet hf-destination-text">{t(`elsewhere.login.${view.credentials}`)}</p>
        <div aria-live="polite">
          {edit.value && !isOpen && <Note tone="protected">{t('elsewhere.login.saved')}</Note>}
        </div>
        {!isOpen && (
          <div>
            <Button size="xs" variant="default" onClick={() => setIsOpen(true)}>
              {t('elsewhere.login.replace')}
            </Button>
          </div>
        )}
        {isOpen && (
          <form
            className="hf-fields hf-narrow"
            autoComplete="off"
            onSubmit={event => {
              event.preventDefault()
              void save()
            }}
          >
            <p className="hf-quiet hf-destination-text">{t('elsewhere.login.replaceText')}</p>
            <LoginFields draft={draft} change={changes => setDraft(before => ({ ...before, ...changes }))} />
            <ErrorNote error={edit.error} />
            <div className="hf-row">
              <Button type="submit" disabled={!credentials} loading={edit.busy}>
                {t('elsewhere.login.save')}
              </Button>
              <Button
                variant="default"
                onClick={() => {
                  setDraft(empty)
                  setIsOpen(false)
                  edit.clear()
                }}
              >
                {t('action.cancel')}
              </Button>
            </div>
          </form>
        )}
      </div>
    </Card>
  )
}
