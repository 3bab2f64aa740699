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
import type { ScreenName } from './routes.ts'
import type { ScreenProps } from './screenProps.ts'

export interface Screen {
  title: MessageKey
  /** Each is a file of its own, so that the app opens without the others. */
  load(): Promise<ComponentType<ScreenProps>>
}

export const screens: Record<ScreenName, Screen> = {
  home: { title: 'nav.home', load: async () => (await import('../screens/home/index.tsx')).HomeScreen },
  versions: {
    title: 'versions.title',
    load: async () => (await import('../screens/versions/index.tsx')).VersionsScreen,
  },
  restore: { title: 'restore.title', load: async () => (await import('../screens/restore/index.tsx')).RestoreScreen },
  destinations: {
    title: 'destinations.title',
    load: async () => (await import('../screens/destinations/index.tsx')).DestinationsScreen,
  },
  health: { title: 'health.title', load: async () => (await import('../screens/health/index.tsx')).HealthScreen },
  activity: {
    title: 'activity.title',
    load: async () => (await import('../screens/activity/index.tsx')).ActivityScreen,
  },
  settings: {
    title: 'settings.title',
    load: async () => (await import('../screens/settings/index.tsx')).SettingsScreen,
  },
  wizard: { title: 'wizard.title', load: async () => (await import('../screens/wizard/index.tsx')).WizardScreen },
  files: { title: 'files.title', load: async () => (await import('../screens/files/index.tsx')).FilesScreen },
  attached: {
    title: 'attached.title',
    load: async () => (await import('../screens/attached/index.tsx')).AttachedScreen,
  },
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
