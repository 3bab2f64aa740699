import { TextInput } from '@mantine/core'
import { ErrorNote } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { BadWord, SecretFields, useSecret } from '../destinations/KeySecret.tsx'
import type { NewPlaceProps } from './CreateKey.tsx'
import type { ChosenDestination } from './draft.ts'
import { usePlaceName } from './usePlaceName.ts'
import { WizardFrame } from './WizardFrame.tsx'

/** Opens a backup that is there, of this or another computer. */
export function OpenKey({
  place,
  facts,
  devices,
  onBack,
  onOpened,
}: NewPlaceProps & { onOpened(destination: ChosenDestination): void }) {
  const { t } = useSpeech()
  const [name, setName] = usePlaceName(place, devices)
  const open = useCall('destinations.open')
  const { secret, ...fields } = useSecret(open.clear)
  const isReady = name.trim() !== '' && secret !== null

  const submit = async () => {
    if (secret === null) return
    const opened = await open.call({ name: name.trim(), place, secret })
    if (!opened) return
    const { id, name: given, drive } = opened.destination
    onOpened({ id, name: given, freeBytes: facts.freeBytes, isDrive: drive !== null })
  }

  return (
    <WizardFrame
      step="key"
      onBack={onBack}
      onNext={isReady ? () => void submit() : null}
      nextLabel={t('wizard.key.open')}
      busy={open.busy}
    >
      <p className="hf-quiet hf-flush">{t('wizard.key.openText')}</p>
      <Card title={t('wizard.key.open')}>
        <div className="hf-fields hf-narrow">
          <TextInput
            label={t('wizard.key.name')}
            value={name}
            maxLength={100}
            onChange={event => setName(event.currentTarget.value)}
          />
          <SecretFields {...fields} />
        </div>
      </Card>
      <BadWord error={open.error} />
      <ErrorNote error={open.error} />
    </WizardFrame>
  )
}
