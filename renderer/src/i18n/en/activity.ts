import type { Messages } from '../text.ts'

export const activity = {
  'activity.title': 'Activity',
  'activity.none': 'No activity yet.',
} as const satisfies Messages
