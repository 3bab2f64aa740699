import type { Messages } from '../text.ts'

export const versions = {
  'versions.title': 'Versions',
  'versions.none': 'Your first version appears here after the first backup.',
  'versions.inDestination': { one: '{count} version in {destination}', other: '{count} versions in {destination}' },
} as const satisfies Messages
