import { PasswordInput, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { DriveDevice } from '../../../../engine/contract/drives.ts'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { useHouse } from '../../state/context.ts'
import type { ChosenDestination, PlaceChoice, PlaceFacts } from './draft.ts'
import { destinationName } from './naming.ts'
import { StrengthBar } from './StrengthBar.tsx'
import { leastStrength, strengthOf } from './strength.ts'
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
  const destinations = useHouse(house => house.destinations) ?? []
  const [name, setName] = useState(() =>
    destinationName(
      place,
      devices,
      destinations.map(view => view.destination.name),
    ),
  )
  const [passphrase, setPassphrase] = useState('')
  const [again, setAgain] = useState('')
  const create = useCall('destinations.create')
  const isStrong = strengthOf(passphrase) >= leastStrength
  const differs = again !== '' && again !== passphrase
  const isReady = name.trim() !== '' && isStrong && again === passphrase

  const submit = async () => {
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
          <PasswordInput
            label={t('wizard.key.passphrase')}
            description={t('wizard.key.hint')}
            value={passphrase}
            autoComplete="new-password"
            onChange={event => setPassphrase(event.currentTarget.value)}
          />
          {passphrase !== '' && <StrengthBar strength={strengthOf(passphrase)} />}
          <PasswordInput
            label={t('wizard.key.again')}
            value={again}
            autoComplete="new-password"
            error={differs ? t('wizard.key.differs') : null}
            onChange={event => setAgain(event.currentTarget.value)}
          />
        </div>
      </Card>
      <Note tone="attention">{t('wizard.key.lost')}</Note>
      <ErrorNote error={create.error} />
    </WizardFrame>
  )
}
