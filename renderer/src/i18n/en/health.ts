import type { Messages } from '../text.ts'

export const health = {
  'health.title': 'Health',
} as const satisfies Messages
