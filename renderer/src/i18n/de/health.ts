import type { health as source } from '../en/health.ts'
import type { Translation } from '../text.ts'

export const health = {
  'health.title': 'Zustand',
} satisfies Translation<typeof source>
