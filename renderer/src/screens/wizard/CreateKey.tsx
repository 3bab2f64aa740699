import { TextInput } from '@mantine/core'
import { useState } from 'react'
import type { DriveDevice } from '../../../../engine/contract/drives.ts'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { NewPassphrase } from '../destinations/NewPassphrase.tsx'
import type { ChosenDestination, PlaceChoice, PlaceFacts } from './draft.ts'
import { usePlaceName } from './usePlaceName.ts'
import { WizardFrame } from './WizardFrame.tsx'

export interface NewPlaceProps {
  place: PlaceChoice
  facts: PlaceFacts
  devices: readonly DriveDevice[]
  onBack(): void
}

/** A passphrase for a new backup. Going on makes it. */
export function CreateKey({
  place,
  facts,
  devices,
  onBack,
  onCreated,
}: NewPlaceProps & { onCreated(destination: ChosenDestination, phrase: string): void }) {
  const { t } = useSpeech()
  const [name, setName] = usePlaceName(place, devices)
  const [passphrase, setPassphrase] = useState<string | null>(null)
  const create = useCall('destinations.create')
  const isReady = name.trim() !== '' && passphrase !== null

  const submit = async () => {
    if (passphrase === null) return
    const made = await create.call({ name: name.trim(), place, passphrase })
    if (!made) return
    const { id, name: given, drive } = made.destination
    onCreated({ id, name: given, freeBytes: facts.freeBytes, isDrive: drive !== null }, made.recoveryPhrase)
  }

  return (
    <WizardFrame
      step="key"
      onBack={onBack}
      onNext={isReady ? () => void submit() : null}
      nextLabel={t('wizard.key.create')}
      busy={create.busy}
    >
      <p className="hf-quiet hf-flush">{t('wizard.key.text')}</p>
      <Card>
        <div className="hf-fields hf-narrow">
          <TextInput
            label={t('wizard.key.name')}
            value={name}
            maxLength={100}
            onChange={event => setName(event.currentTarget.value)}
          />
          <NewPassphrase onChange={setPassphrase} />
        </div>
      </Card>
      <Note tone="attention">{t('wizard.key.lost')}</Note>
      <ErrorNote error={create.error} />
    </WizardFrame>
  )
}
