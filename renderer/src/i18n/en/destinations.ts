import type { Messages } from '../text.ts'

export const destinations = {
  'destinations.title': 'Destinations',
  'destinations.none': 'No destination yet. The first one is made when you set up a backup.',
} as const satisfies Messages
