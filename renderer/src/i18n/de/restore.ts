import type { restore as source } from '../en/restore.ts'
import type { Translation } from '../text.ts'

export const restore = {
  'restore.title': 'Wiederherstellen',
  'restore.none': 'Schließen Sie das Laufwerk mit der Sicherung an, oder fügen Sie den Ort hinzu, an dem sie liegt.',
  'restore.from': {
    one: '{count} Version in {destination} kann wiederhergestellt werden',
    other: '{count} Versionen in {destination} können wiederhergestellt werden',
  },
} satisfies Translation<typeof source>
