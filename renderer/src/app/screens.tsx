import type { ComponentType } from 'react'
import {
  ActivityIcon,
  DestinationsIcon,
  HealthIcon,
  HomeIcon,
  type Icon,
  RestoreIcon,
  SettingsIcon,
  VersionsIcon,
} from '../components/icons.tsx'
import type { MessageKey } from '../i18n/language.ts'
import { ActivityScreen } from '../screens/activity/index.tsx'
import { AttachedScreen } from '../screens/attached/index.tsx'
import { DestinationsScreen } from '../screens/destinations/index.tsx'
import { FilesScreen } from '../screens/files/index.tsx'
import { HealthScreen } from '../screens/health/index.tsx'
import { HomeScreen } from '../screens/home/index.tsx'
import { RestoreScreen } from '../screens/restore/index.tsx'
import { SettingsScreen } from '../screens/settings/index.tsx'
import { VersionsScreen } from '../screens/versions/index.tsx'
import { WizardScreen } from '../screens/wizard/index.tsx'
import type { ScreenName } from './routes.ts'
import type { ScreenProps } from './screenProps.ts'

export interface Screen {
  title: MessageKey
  Component: ComponentType<ScreenProps>
}

export const screens: Record<ScreenName, Screen> = {
  home: { title: 'nav.home', Component: HomeScreen },
  versions: { title: 'versions.title', Component: VersionsScreen },
  restore: { title: 'restore.title', Component: RestoreScreen },
  destinations: { title: 'destinations.title', Component: DestinationsScreen },
  health: { title: 'health.title', Component: HealthScreen },
  activity: { title: 'activity.title', Component: ActivityScreen },
  settings: { title: 'settings.title', Component: SettingsScreen },
  wizard: { title: 'wizard.title', Component: WizardScreen },
  files: { title: 'files.title', Component: FilesScreen },
  attached: { title: 'attached.title', Component: AttachedScreen },
}

/** Those in the bar on the left, in order. */
export const navigation: readonly { screen: ScreenName; Sign: Icon }[] = [
  { screen: 'home', Sign: HomeIcon },
  { screen: 'versions', Sign: VersionsIcon },
  { screen: 'restore', Sign: RestoreIcon },
  { screen: 'destinations', Sign: DestinationsIcon },
  { screen: 'health', Sign: HealthIcon },
  { screen: 'activity', Sign: ActivityIcon },
  { screen: 'settings', Sign: SettingsIcon },
]
