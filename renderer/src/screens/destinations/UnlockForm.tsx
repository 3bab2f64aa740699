import { Button, PasswordInput } from '@mantine/core'
import { useState } from 'react'
import type { DestinationView } from '../../../../engine/contract/helperContract.ts'
import { ErrorNote } from '../../components/Note.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { credentialsOf, emptyElsewhere } from '../elsewhere/draft.ts'
import { LoginFields } from '../elsewhere/LoginFields.tsx'
import { elsewhereKindOf } from './Login.tsx'

/** Asks for the passphrase of a destination whose key this computer has not. */
export function UnlockForm({ view, focused }: { view: DestinationView; focused: boolean }) {
  const { t } = useSpeech()
  const [passphrase, setPassphrase] = useState('')
  const kind = elsewhereKindOf(view)
  const [login, setLogin] = useState({ ...emptyElsewhere, kind: kind ?? 'b2' })
  const unlock = useCall('destinations.unlock')
  const destination = view.destination.id
  const needsLogin = view.credentials === 'missing'
  const credentials = needsLogin ? credentialsOf(login) : undefined
  const isReady = passphrase !== '' && (!needsLogin || credentials !== undefined)
  const submit = async () => {
    const asked = { destination, passphrase, ...(credentials && { credentials }) }
    if (!(await unlock.call(asked))) return
    setPassphrase('')
    setLogin({ ...emptyElsewhere, kind: kind ?? 'b2' })
  }
  return (
    <form
      className="hf-fields hf-narrow"
      onSubmit={event => {
        event.preventDefault()
        if (isReady) void submit()
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
      {needsLogin && <LoginFields draft={login} change={changes => setLogin(before => ({ ...before, ...changes }))} />}
      <div>
        <Button type="submit" disabled={!isReady} loading={unlock.busy}>
          {t('destinations.unlock.do')}
        </Button>
      </div>
      <ErrorNote error={unlock.error} />
    </form>
  )
}
