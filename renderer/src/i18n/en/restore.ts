import type { Messages } from '../text.ts'

export const restore = {
  'restore.title': 'Restore',
  'restore.none': 'Connect the backup drive, or add the place where your backup is.',
  'restore.from': {
    one: '{count} version in {destination} can be restored',
    other: '{count} versions in {destination} can be restored',
  },
} as const satisfies Messages
