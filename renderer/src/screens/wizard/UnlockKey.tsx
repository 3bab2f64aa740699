import { PasswordInput } from '@mantine/core'
import { useState } from 'react'
import { ErrorNote } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import type { ChosenDestination } from './draft.ts'
import { WizardFrame } from './WizardFrame.tsx'

interface UnlockProps {
  destination: ChosenDestination
  onBack(): void
  onUnlocked(): void
}

/** A destination that is set up, but whose passphrase this computer has not. */
export function UnlockKey({ destination, onBack, onUnlocked }: UnlockProps) {
  const { t } = useSpeech()
  const [passphrase, setPassphrase] = useState('')
  const unlock = useCall('destinations.unlock')
  const submit = async () => {
    if (await unlock.call({ destination: destination.id, passphrase })) onUnlocked()
  }
  return (
    <WizardFrame
      step="key"
      onBack={onBack}
      onNext={passphrase === '' ? null : () => void submit()}
      nextLabel={t('wizard.key.unlock')}
      busy={unlock.busy}
    >
      <p className="hf-quiet hf-flush">{t('wizard.key.needed', { name: destination.name })}</p>
      <Card>
        <div className="hf-narrow">
          <PasswordInput
            label={t('wizard.key.passphrase')}
            value={passphrase}
            autoComplete="current-password"
            onChange={event => setPassphrase(event.currentTarget.value)}
          />
        </div>
      </Card>
      <ErrorNote error={unlock.error} />
    </WizardFrame>
  )
}
