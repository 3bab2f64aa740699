import { PasswordInput } from '@mantine/core'
import { useState } from 'react'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { StrengthBar } from '../wizard/StrengthBar.tsx'
import { leastStrength, strengthOf } from '../wizard/strength.ts'

/** Two fields for a new passphrase. Tells it once it is hard to guess and the same in both; else null. */
export function NewPassphrase({ onChange }: { onChange(passphrase: string | null): void }) {
  const { t } = useSpeech()
  const [passphrase, setPassphrase] = useState('')
  const [again, setAgain] = useState('')
  const tell = (first: string, second: string) => {
    setPassphrase(first)
    setAgain(second)
    onChange(strengthOf(first) >= leastStrength && first === second ? first : null)
  }
  return (
    <>
      <PasswordInput
        label={t('wizard.key.passphrase')}
        description={t('wizard.key.hint')}
        value={passphrase}
        autoComplete="new-password"
        onChange={event => tell(event.currentTarget.value, again)}
      />
      {passphrase !== '' && <StrengthBar strength={strengthOf(passphrase)} />}
      <PasswordInput
        label={t('wizard.key.again')}
        value={again}
        autoComplete="new-password"
        error={again !== '' && again !== passphrase ? t('wizard.key.differs') : null}
        onChange={event => tell(passphrase, event.currentTarget.value)}
      />
    </>
  )
}
