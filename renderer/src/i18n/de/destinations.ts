import type { destinations as source } from '../en/destinations.ts'
import type { Translation } from '../text.ts'

export const destinations = {
  'destinations.title': 'Ziele',
  'destinations.none': 'Noch kein Ziel. Das erste entsteht, wenn Sie eine Sicherung einrichten.',
} satisfies Translation<typeof source>
