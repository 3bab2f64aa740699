import { Page } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { Appearance } from './Appearance.tsx'
import { JobList } from './JobList.tsx'
import { KeyLock } from './KeyLock.tsx'
import { Notifications } from './Notifications.tsx'
import { Program } from './Program.tsx'
import { Transfer } from './Transfer.tsx'

export function SettingsList() {
  const { t } = useSpeech()
  return (
    <Page title={t('settings.title')}>
      <JobList />
      <Notifications />
      <Appearance />
      <KeyLock />
      <Transfer />
      <Program />
    </Page>
  )
}
