import { Checkbox, SegmentedControl, Select, useMantineColorScheme } from '@mantine/core'
import { useEffect, useState } from 'react'
import { Card } from '../../components/Page.tsx'
import { type Language, languageNames, languages } from '../../i18n/language.ts'
import { setLanguage } from '../../i18n/speech.ts'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useShell } from '../../state/context.ts'

export function Appearance() {
  const { t, language } = useSpeech()
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true })
  return (
    <Card title={t('settings.appearance')}>
      <div className="hf-fields">
        <Select
          label={t('settings.language')}
          w={280}
          allowDeselect={false}
          value={language}
          data={languages.map(value => ({ value, label: languageNames[value] }))}
          onChange={value => value !== null && void setLanguage(value as Language)}
        />
        <div>
          <div className="hf-settings-label" aria-hidden="true">
            {t('settings.scheme')}
          </div>
          <SegmentedControl
            aria-label={t('settings.scheme')}
            value={colorScheme}
            data={(['auto', 'light', 'dark'] as const).map(value => ({
              value,
              label: t(`settings.appearance.${value}`),
            }))}
            onChange={value => setColorScheme(value as 'auto' | 'light' | 'dark')}
          />
        </div>
        <Autostart />
      </div>
    </Card>
  )
}

/** Only where the program around the screens can set it. */
function Autostart() {
  const { t } = useSpeech()
  const shell = useShell()
  const [isOn, setIsOn] = useState<boolean | null>(null)
  useEffect(() => {
    let isHere = true
    void shell.autostart().then(on => isHere && setIsOn(on))
    return () => {
      isHere = false
    }
  }, [shell])
  if (isOn === null) return null
  const set = async (on: boolean) => {
    await shell.setAutostart(on)
    setIsOn(await shell.autostart())
  }
  return (
    <Checkbox
      label={t('settings.autostart')}
      description={t('settings.autostartText')}
      checked={isOn}
      onChange={event => void set(event.currentTarget.checked)}
    />
  )
}
