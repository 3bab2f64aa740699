import { Button, Modal } from '@mantine/core'
import { useState } from 'react'
import type { WireError } from '../../../../engine/contract/errors.ts'
import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useBridge, useNow } from '../../state/context.ts'
import { hasLocks } from '../destinations/lockWords.ts'
import type { Places } from './places.ts'
import { byDestination, joined, mostAtOnce, type Removal, type RemovalPlan } from './removal.ts'
import type { Shelf } from './useShelf.ts'
import { lockedAtLeast } from './versionLock.ts'

export interface RemoveButtonProps {
  versions: readonly LibraryVersion[]
  places: Places
  shelf: Shelf
  size?: 'xs' | 'sm'
  disabled?: boolean
  onRemoved(count: number): void
}

/** Asks the service what would go and what stays, shows that, and deletes what was agreed to. */
export function RemoveButton({ versions, places, shelf, size = 'sm', disabled = false, onRemoved }: RemoveButtonProps) {
  const { t, format } = useSpeech()
  const { calls } = useBridge()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<WireError | null>(null)
  const [removal, setRemoval] = useState<Removal | null>(null)
  const [isOpen, setIsOpen] = useState(false)
  const groups = byDestination(versions)
  const isTooMany = groups.some(([, group]) => group.length > mostAtOnce)

  const plan = async () => {
    setBusy(true)
    setError(null)
    const plans: RemovalPlan[] = []
    for (const [destination, group] of groups) {
      const reply = await calls['versions.planRemoval']({ destination, versions: group.map(({ id }) => id) })
      if (!reply.ok) {
        setBusy(false)
        setError(reply.error)
        return
      }
      plans.push({ destination, ...reply.value })
    }
    setBusy(false)
    setRemoval(joined(plans))
    setIsOpen(true)
  }

  const remove = async (agreed: Removal) => {
    setBusy(true)
    setError(null)
    let count = 0
    for (const { planId, removable } of agreed.plans) {
      if (planId === null) continue
      const reply = await calls['versions.remove']({ planId })
      if (!reply.ok) {
        setBusy(false)
        setError(reply.error)
        return
      }
      const removed = new Set<string>(reply.value.removed)
      count += removed.size
      shelf.forget(removable.filter(({ id }) => removed.has(id)))
    }
    setBusy(false)
    setIsOpen(false)
    onRemoved(count)
  }
  const rangeOf = (some: readonly LibraryVersion[]) => {
    const [from, to] = [some[0], some.at(-1)].map(one => (one ? format.day(one.date) : ''))
    return from === to ? from! : t('versions.remove.range', { from: from!, to: to! })
  }
  const close = () => {
    setIsOpen(false)
    setError(null)
  }

  return (
    <>
      <Button
        variant="default"
        size={size}
        loading={busy && !isOpen}
        disabled={disabled || isTooMany}
        onClick={() => void plan()}
      >
        {t('versions.action.delete')}
      </Button>
      {isTooMany && <span className="hf-small hf-quiet">{t('versions.tooMany', { count: mostAtOnce })}</span>}
      {!isOpen && <ErrorNote error={error} />}
      {removal && removal.removable.length === 0 && (
        <Modal opened={isOpen} onClose={close} title={t('versions.remove.titleNone')} size="lg" withCloseButton={false}>
          <Kept kept={removal.kept} />
          <div className="hf-dialog-actions">
            <Button data-autofocus onClick={close}>
              {t('action.close')}
            </Button>
          </div>
        </Modal>
      )}
      {removal && removal.removable.length > 0 && (
        <ConfirmDialog
          opened={isOpen}
          dangerous
          title={t('versions.remove.title', { count: removal.removable.length, range: rangeOf(removal.removable) })}
          confirm={t('versions.remove.confirm', { count: removal.removable.length })}
          cancel={t('versions.remove.keep')}
          busy={busy}
          error={error}
          onConfirm={() => void remove(removal)}
          onCancel={close}
        >
          <div className="hfv-section">
            <p className="hfv-flush">{t('versions.remove.consequence')}</p>
            {removal.last.map(({ name, destination }) => (
              <Note key={`${destination} ${name}`} tone="danger">
                {t('versions.remove.last', { name, destination: places.name(destination) })}
              </Note>
            ))}
            <Kept kept={removal.kept} />
            {removal.plans.map(plan => (
              <Room key={plan.destination} plan={plan} places={places} />
            ))}
            <p className="hfv-flush hf-quiet hf-small">{t('versions.remove.room')}</p>
          </div>
        </ConfirmDialog>
      )}
    </>
  )
}

/** What is locked stays where it is for a while, whatever is removed. */
function Room({ plan, places }: { plan: RemovalPlan; places: Places }) {
  const { t, format } = useSpeech()
  const now = useNow()
  const { destination, removable } = plan
  const view = places.view(destination)
  if (removable.length === 0 || !view || !hasLocks(view)) return null
  const until = lockedAtLeast(removable, now)
  const values = { destination: places.name(destination) }
  return (
    <Note tone="waiting">
      {until === null
        ? t('versions.remove.lockedUnknown', values)
        : t('versions.remove.locked', { ...values, day: format.day(until) })}
    </Note>
  )
}

const keptToName = 5

function Kept({ kept }: { kept: Removal['kept'] }) {
  const { t, format } = useSpeech()
  if (kept.length === 0) return null
  return (
    <div>
      {t('versions.remove.kept', { count: kept.length })}
      <ul className="hfv-plain">
        {kept.slice(0, keptToName).map(({ version, reason }) => (
          <li key={`${version.destination} ${version.id}`} className="hf-wrap">
            {version.name}, {format.day(version.date)}, {format.time(version.date)}:{' '}
            {t(`versions.remove.kept.${reason}`)}
          </li>
        ))}
        {kept.length > keptToName && <li>{t('versions.remove.keptMore', { count: kept.length - keptToName })}</li>}
      </ul>
    </div>
  )
}
