import { Button } from '@mantine/core'
import { useState } from 'react'
import type { Destination } from '../../../../engine/contract/jobs.ts'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import type { PlaceChoice } from '../wizard/draft.ts'
import { NewPassphrase } from './NewPassphrase.tsx'
import { PlaceOptions, useOptions } from './PlaceOptions.tsx'

interface CreateFormProps {
  place: PlaceChoice
  onCreated(destination: Destination, phrase: string): void
}

export function CreateForm({ place, onCreated }: CreateFormProps) {
  const { t } = useSpeech()
  const [options, setOptions] = useOptions(place)
  const [passphrase, setPassphrase] = useState<string | null>(null)
  const create = useCall('destinations.create')
  const submit = async () => {
    if (passphrase === null) return
    const made = await create.call({ ...options, name: options.name.trim(), place, passphrase })
    if (made) onCreated(made.destination, made.recoveryPhrase)
  }
  return (
    <form
      className="hf-fields hf-narrow"
      onSubmit={event => {
        event.preventDefault()
        void submit()
      }}
    >
      <p className="hf-quiet hf-destination-text">{t('wizard.key.text')}</p>
      <PlaceOptions place={place} options={options} onChange={setOptions} />
      <NewPassphrase onChange={setPassphrase} />
      <Note tone="attention">{t('wizard.key.lost')}</Note>
      <ErrorNote error={create.error} />
      <div>
        <Button type="submit" disabled={passphrase === null || options.name.trim() === ''} loading={create.busy}>
          {t('wizard.key.create')}
        </Button>
      </div>
    </form>
  )
}
