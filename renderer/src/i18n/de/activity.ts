import type { activity as source } from '../en/activity.ts'
import type { Translation } from '../text.ts'

export const activity = {
  'activity.title': 'Aktivität',
  'activity.none': 'Noch keine Aktivität.',
} satisfies Translation<typeof source>
