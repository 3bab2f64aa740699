import { Button } from '@mantine/core'
import { useState } from 'react'
import type { WireError } from '../../../../engine/contract/errors.ts'
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { type FilesPlan, hasRoom } from './wording.ts'

export interface FilePlanProps {
  plan: FilesPlan
  /** Something would be lost. */
  asks: boolean
  busy: boolean
  error: WireError | null
  /** Somebody looks again. */
  isLooking: boolean
  onStart(): void
  onAgain(): void
}

const namesShown = 8

/** What will be copied, where to, and what would be lost by it; and the way to begin. */
export function FilePlan({ plan, asks, busy, error, isLooking, onStart, onAgain }: FilePlanProps) {
  const { t, format } = useSpeech()
  const [isAsking, setIsAsking] = useState(false)
  const { entries, bytes, freeBytes, folder, names } = plan
  const isRoom = hasRoom(plan)
  const begin = () => {
    setIsAsking(false)
    onStart()
  }
  return (
    <Card title={<span className="hf-wrap">{t('files.restore.into', { folder })}</span>}>
      <div className="hfr-plan">
        <p className="hfv-flush">
          {t('files.restore.then', { count: entries, bytes: format.bytes(bytes) })}.{' '}
          {freeBytes !== null && isRoom && t('files.restore.free', { free: format.bytes(freeBytes) })}
        </p>
        {!isRoom && freeBytes !== null && (
          <Note tone="danger">
            {t('files.restore.noRoom', { bytes: format.bytes(bytes), free: format.bytes(freeBytes) })}
          </Note>
        )}
        <p className="hfv-flush hf-wrap">
          {t('files.restore.names', { names: names.slice(0, namesShown).join(', ') })}
          {names.length > namesShown && ` ${t('files.restore.more', { count: names.length - namesShown })}`}
        </p>
        {asks && plan.replacedCount > 0 && (
          <Note tone="attention" title={t('files.restore.willReplace', { count: plan.replacedCount })}>
            <Replaced plan={plan} label={t('files.restore.willReplace', { count: plan.replacedCount })} />
          </Note>
        )}
        <p className="hfv-flush hf-quiet hf-small">{t('files.restore.asThey')}</p>
        {error?.code === 'config.notFound' ? (
          <Note tone="attention" urgent>
            {t('files.restore.planTooOld')}
          </Note>
        ) : (
          <ErrorNote error={error} />
        )}
        <div className="hfv-line">
          {error ? (
            <Button loading={isLooking} onClick={onAgain}>
              {t('restore.again')}
            </Button>
          ) : (
            <Button
              data-autofocus
              loading={busy}
              disabled={!isRoom}
              variant={asks ? 'default' : 'filled'}
              onClick={() => (asks ? setIsAsking(true) : begin())}
            >
              {asks ? t('files.restore.startReplace') : t('files.restore.start')}
            </Button>
          )}
        </div>
      </div>
      <ConfirmDialog
        opened={isAsking}
        dangerous
        title={t('files.restore.ask', { count: plan.replacedCount })}
        confirm={t('files.restore.confirm')}
        cancel={t('files.restore.keep')}
        onConfirm={begin}
        onCancel={() => setIsAsking(false)}
      >
        <p className="hfv-flush hf-wrap">{t('files.restore.askText', { folder })}</p>
        <Replaced plan={plan} label={t('files.restore.ask', { count: plan.replacedCount })} />
      </ConfirmDialog>
    </Card>
  )
}

/** All names that the plan has; they scroll. */
function Replaced({ plan, label }: { plan: FilesPlan; label: string }) {
  const { t } = useSpeech()
  const { replaced, replacedCount } = plan
  return (
    <section
      className="hff-replaced"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse
      tabIndex={0}
      aria-label={label}
    >
      <ul className="hfv-plain">
        {replaced.map(name => (
          <li key={name} className="hf-wrap">
            {name}
          </li>
        ))}
        {replacedCount > replaced.length && (
          <li>{t('files.restore.more', { count: replacedCount - replaced.length })}</li>
        )}
      </ul>
    </section>
  )
}
