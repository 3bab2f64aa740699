import type { home as source } from '../en/home.ts'
import type { Translation } from '../text.ts'

export const home = {
  'home.title': 'Übersicht',
  'home.nothing': 'Noch ist nichts geschützt',
  'home.nothingText':
    'Wählen Sie, was wohin gesichert wird. Das dauert etwa fünf Minuten, und das meiste ist schon gewählt.',
} satisfies Translation<typeof source>
