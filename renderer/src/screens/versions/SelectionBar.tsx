import { Button } from '@mantine/core'
import { useState } from 'react'
import type { WireError } from '../../../../engine/contract/errors.ts'
import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import { hrefOf } from '../../app/routes.ts'
import { ErrorNote } from '../../components/Note.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useBridge } from '../../state/context.ts'
import type { Places } from './places.ts'
import { RemoveButton } from './RemoveButton.tsx'
import { mostAtOnce } from './removal.ts'
import { comparable } from './shelf.ts'
import type { Shelf } from './useShelf.ts'

export interface SelectionBarProps {
  chosen: readonly LibraryVersion[]
  places: Places
  shelf: Shelf
  onClear(): void
  /** Null when all are selected. */
  onAll: (() => void) | null
  onDone(message: string): void
}

/** What can be done with the versions that are selected. Stays at the bottom of the window. */
export function SelectionBar({ chosen, places, shelf, onClear, onAll, onDone }: SelectionBarProps) {
  const { t } = useSpeech()
  const { calls } = useBridge()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<WireError | null>(null)
  const pair = comparable(chosen)
  const unprotected = chosen.filter(version => !version.protected)
  const guarded = chosen.filter(version => version.protected)

  const protect = async (versions: readonly LibraryVersion[], isProtected: boolean) => {
    setBusy(true)
    setError(null)
    const call = calls[isProtected ? 'versions.protect' : 'versions.unprotect']
    for (const destination of new Set(versions.map(version => version.destination))) {
      const here = versions.filter(version => version.destination === destination)
      for (let from = 0; from < here.length; from += mostAtOnce) {
        const some = here.slice(from, from + mostAtOnce)
        const reply = await call({ destination, versions: some.map(({ id }) => id) })
        if (!reply.ok) {
          setBusy(false)
          setError(reply.error)
          return
        }
        shelf.patch(some, { protected: isProtected })
      }
    }
    setBusy(false)
  }

  return (
    <section className="hfv-selection" aria-label={t('versions.selection')}>
      <strong role="status">{t('versions.selected', { count: chosen.length })}</strong>
      {onAll && (
        <Button variant="subtle" size="xs" onClick={onAll}>
          {t('versions.selectAll')}
        </Button>
      )}
      <Button variant="subtle" size="xs" onClick={onClear}>
        {t('versions.unselect')}
      </Button>
      {pair ? (
        <Button
          component="a"
          variant="default"
          size="xs"
          href={hrefOf('versions', ['compare', pair.newer.destination, pair.older.id, pair.newer.id])}
        >
          {t('versions.action.compare')}
        </Button>
      ) : (
        <Button variant="default" size="xs" data-disabled aria-disabled title={t('versions.compareNeedsTwo')}>
          {t('versions.action.compare')}
        </Button>
      )}
      {unprotected.length > 0 && (
        <Button variant="default" size="xs" loading={busy} onClick={() => void protect(unprotected, true)}>
          {t('versions.action.protect')}
        </Button>
      )}
      {guarded.length > 0 && (
        <Button variant="default" size="xs" loading={busy} onClick={() => void protect(guarded, false)}>
          {t('versions.action.unprotect')}
        </Button>
      )}
      <RemoveButton
        versions={chosen}
        places={places}
        shelf={shelf}
        size="xs"
        onRemoved={count => {
          onClear()
          onDone(t('versions.remove.done', { count }))
        }}
      />
      <ErrorNote error={error} />
    </section>
  )
}
