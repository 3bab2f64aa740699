import { Page } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'

export function WizardScreen() {
  const { t } = useSpeech()
  return <Page title={t('wizard.title')}>{null}</Page>
}
