import type { Messages } from '../text.ts'

export const home = {
  'home.title': 'Home',
  'home.nothing': 'Nothing is protected yet',
  'home.nothingText':
    'Choose what to back up and where to. It takes about five minutes, and most of it is already chosen.',
} as const satisfies Messages
