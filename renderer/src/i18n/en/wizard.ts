import type { Messages } from '../text.ts'

export const wizard = {
  'wizard.title': 'Set up a backup',
} as const satisfies Messages
