import type { versions as source } from '../en/versions.ts'
import type { Translation } from '../text.ts'

export const versions = {
  'versions.title': 'Versionen',
  'versions.none': 'Ihre erste Version erscheint hier nach der ersten Sicherung.',
  'versions.inDestination': { one: '{count} Version in {destination}', other: '{count} Versionen in {destination}' },
} satisfies Translation<typeof source>
