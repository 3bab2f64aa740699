import { Button, PasswordInput } from '@mantine/core'
import { useState } from 'react'
import { ErrorNote } from '../../components/Note.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'

/** Asks for the passphrase of a destination whose key this computer has not. */
export function UnlockForm({ destination, focused }: { destination: string; focused: boolean }) {
  const { t } = useSpeech()
  const [passphrase, setPassphrase] = useState('')
  const unlock = useCall('destinations.unlock')
  const submit = async () => {
    if (await unlock.call({ destination, passphrase })) setPassphrase('')
  }
  return (
    <form
      className="hf-fields hf-narrow"
      onSubmit={event => {
        event.preventDefault()
        if (passphrase !== '') void submit()
      }}
    >
      <PasswordInput
        label={t('destinations.unlock')}
        description={t('destinations.unlockText')}
        value={passphrase}
        autoFocus={focused}
        autoComplete="current-password"
        onChange={event => setPassphrase(event.currentTarget.value)}
      />
      <div>
        <Button type="submit" disabled={passphrase === ''} loading={unlock.busy}>
          {t('destinations.unlock.do')}
        </Button>
      </div>
      <ErrorNote error={unlock.error} />
    </form>
  )
}
