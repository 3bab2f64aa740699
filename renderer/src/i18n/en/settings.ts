import type { Messages } from '../text.ts'

export const settings = {
  'settings.title': 'Settings',
  'settings.language': 'Language',
  'settings.appearance': 'Appearance',
  'settings.appearance.auto': 'Like the desktop',
  'settings.appearance.light': 'Light',
  'settings.appearance.dark': 'Dark',
} as const satisfies Messages
