import type { ScreenProps } from '../../app/screenProps.ts'
import { JobPage } from './JobPage.tsx'
import { SettingsList } from './SettingsList.tsx'
import '../wizard/wizard.css'
import './settings.css'

/** '#/settings' is everything that is not of one job; '#/settings/jobs/<id>' one job. */
export function SettingsScreen({ path }: ScreenProps) {
  const [what, id] = path
  return what === 'jobs' && id !== undefined ? <JobPage key={id} id={id} /> : <SettingsList />
}
