import type { settings as source } from '../en/settings.ts'
import type { Translation } from '../text.ts'

export const settings = {
  'settings.title': 'Einstellungen',
  'settings.language': 'Sprache',
  'settings.appearance': 'Aussehen',
  'settings.appearance.auto': 'Wie die Arbeitsumgebung',
  'settings.appearance.light': 'Hell',
  'settings.appearance.dark': 'Dunkel',
} satisfies Translation<typeof source>
