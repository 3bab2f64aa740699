import type { wizard as source } from '../en/wizard.ts'
import type { Translation } from '../text.ts'

export const wizard = {
  'wizard.title': 'Sicherung einrichten',
} satisfies Translation<typeof source>
