import { SegmentedControl, Select, useMantineColorScheme } from '@mantine/core'
import { Card, Page } from '../../components/Page.tsx'
import { type Language, languageNames, languages, setLanguage } from '../../i18n/language.ts'
import { useSpeech } from '../../i18n/useSpeech.ts'

export function SettingsScreen() {
  const { t, language } = useSpeech()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (
    <Page title={t('settings.title')}>
      <Card title={t('settings.language')}>
        <Select
          aria-label={t('settings.language')}
          w={240}
          allowDeselect={false}
          value={language}
          data={languages.map(value => ({ value, label: languageNames[value] }))}
          onChange={value => value !== null && setLanguage(value as Language)}
        />
      </Card>
      <Card title={t('settings.appearance')}>
        <SegmentedControl
          aria-label={t('settings.appearance')}
          value={colorScheme}
          data={(['auto', 'light', 'dark'] as const).map(value => ({
            value,
            label: t(`settings.appearance.${value}`),
          }))}
          onChange={value => setColorScheme(value as 'auto' | 'light' | 'dark')}
        />
      </Card>
    </Page>
  )
}
