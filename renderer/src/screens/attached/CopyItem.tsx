import { Button } from '@mantine/core'
import type { AttachmentView } from '../../../../engine/contract/files.ts'
import { ErrorNote } from '../../components/Note.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { useNow } from '../../state/context.ts'
import { Commands } from './Commands.tsx'
import { DiscardCopy } from './DiscardCopy.tsx'
import { ItemHead, useItemWords } from './ItemHead.tsx'
import { KeepCopy } from './KeepCopy.tsx'
import { useDetach } from './useDetach.ts'

/** A writable copy of a version: where it is, how much was written to it, and what can be done with it. */
export function CopyItem({ attachment }: { attachment: AttachmentView }) {
  const { t, format } = useSpeech()
  const now = useNow()
  const words = useItemWords(attachment)
  const attach = useCall('copies.attach')
  const detach = useDetach()
  const { id, state, since, device, uri, changedBytes } = attachment
  const isIdle = state === 'idle'
  return (
    <li className="hfa-item">
      <ItemHead attachment={attachment} />
      <div className="hf-quiet hf-small">
        {t('attached.since', { when: format.when(since, now) })}
        {changedBytes !== null && ` · ${t('copies.written', { bytes: format.bytes(changedBytes) })}`}
      </div>
      {state === 'attached' && <Commands device={device} uri={uri} />}
      <div className="hfv-line">
        {isIdle ? (
          <Button
            size="xs"
            loading={attach.busy}
            aria-label={t('copies.attachThis', words)}
            onClick={() => void attach.call({ copy: id })}
          >
            {t('copies.attach')}
          </Button>
        ) : (
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
        )}
        <KeepCopy attachment={attachment} disabled={!isIdle} />
        <DiscardCopy attachment={attachment} disabled={!isIdle} />
        {state === 'attached' && <span className="hf-quiet hf-small">{t('copies.mustDetach')}</span>}
      </div>
      <ErrorNote error={attach.error ?? detach.error} />
    </li>
  )
}
