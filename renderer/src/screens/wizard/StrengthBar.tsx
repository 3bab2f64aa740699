import { useSpeech } from '../../i18n/useSpeech.ts'
import { leastStrength, type Strength } from './strength.ts'

/** How hard a passphrase is to guess, as bars and in words. */
export function StrengthBar({ strength }: { strength: Strength }) {
  const { t } = useSpeech()
  return (
    <div aria-live="polite">
      <div className="hf-strength" data-strength={strength}>
        <span aria-hidden="true">
          <i />
          <i />
          <i />
          <i />
        </span>
        <span>{t(`wizard.key.strength.${strength}`)}</span>
      </div>
      {strength < leastStrength && <div className="hf-quiet hf-small">{t('wizard.key.tooWeak')}</div>}
    </div>
  )
}
