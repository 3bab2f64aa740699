import { Button } from '@mantine/core'
import type { AttachmentView } from '../../../../engine/contract/files.ts'
import { hrefOf } from '../../app/routes.ts'
import { ErrorNote } from '../../components/Note.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useNow } from '../../state/context.ts'
import { ItemHead, useItemWords } from './ItemHead.tsx'
import { useDetach } from './useDetach.ts'

/** A version whose files are looked at. */
export function FilesItem({ attachment }: { attachment: AttachmentView }) {
  const { t, format } = useSpeech()
  const now = useNow()
  const words = useItemWords(attachment)
  const detach = useDetach()
  const { destination, version, since, until, state } = attachment
  return (
    <li className="hfa-item">
      <ItemHead attachment={attachment} />
      <div className="hf-quiet hf-small">
        {t('attached.since', { when: format.when(since, now) })}
        {until !== null && ` · ${t('attached.until', { when: format.ago(until, now) })}`}
      </div>
      <div className="hfv-line">
        <Button component="a" size="xs" variant="default" href={hrefOf('files', [destination, version])}>
          {t('attached.browse')}
        </Button>
        <Button
          size="xs"
          variant="default"
          loading={detach.busy}
          disabled={state !== 'attached'}
          aria-label={t('attached.detachThis', words)}
          onClick={() => void detach.all([attachment])}
        >
          {t('attached.detach')}
        </Button>
      </div>
      <ErrorNote error={detach.error} />
    </li>
  )
}
