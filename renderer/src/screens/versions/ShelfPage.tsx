import { Button } from '@mantine/core'
import { useDeferredValue, useMemo, useRef, useState } from 'react'
import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { EmptyState, Page } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useHouse } from '../../state/context.ts'
import { Calendar } from './Calendar.tsx'
import { Filters } from './Filters.tsx'
import type { Places } from './places.ts'
import { RefreshButton } from './RefreshButton.tsx'
import { restoreAction } from './RestoreLink.tsx'
import { SelectionBar } from './SelectionBar.tsx'
import { daysOf, type Filter, filtered, isFiltering, isReachable, keyOf } from './shelf.ts'
import type { Shelf } from './useShelf.ts'
import { type ListHandle, VersionList } from './VersionList.tsx'

export interface ShelfPageProps {
  shelf: Shelf
  places: Places
  host: string | null
  filter: Filter
  onFilter(filter: Filter): void
  selected: ReadonlyMap<string, LibraryVersion>
  onSelected(selected: ReadonlyMap<string, LibraryVersion>): void
  startAt: string | null
}

/** All versions: a calendar beside a list by days, and what can be done with several at once. */
export function ShelfPage({ shelf, places, host, filter, onFilter, selected, onSelected, startAt }: ShelfPageProps) {
  const { t } = useSpeech()
  const { versions, complete, error } = shelf
  const destinations = useHouse(house => house.destinations)
  // Typing stays quick while a long list is gone through.
  const asked = useDeferredValue(filter)
  const shown = useMemo(() => filtered(versions, asked), [versions, asked])
  const days = useMemo(() => daysOf(shown), [shown])
  const list = useRef<ListHandle>(null)
  const [message, setMessage] = useState('')

  // What is gone, or was changed, meanwhile.
  const present = useMemo(() => new Map(versions.map(version => [keyOf(version), version])), [versions])
  const chosen = useMemo(
    () => [...selected.keys()].flatMap(key => present.get(key) ?? []).toSorted((a, b) => (a.date < b.date ? 1 : -1)),
    [selected, present],
  )
  const selection = useMemo(
    () => ({
      has: (version: LibraryVersion) => selected.has(keyOf(version)),
      set: (changed: readonly LibraryVersion[], isSelected: boolean) => {
        const next = new Map(selected)
        for (const version of changed) {
          if (isSelected) next.set(keyOf(version), version)
          else next.delete(keyOf(version))
        }
        onSelected(next)
      },
    }),
    [selected, onSelected],
  )

  const isAnythingHere = (destinations ?? []).some(({ state }) => isReachable(state))
  const count = !complete
    ? t('versions.countSoFar', { count: versions.length })
    : isFiltering(asked)
      ? t('versions.countOf', { shown: shown.length, all: versions.length })
      : t('versions.count', { count: versions.length })

  if (versions.length === 0) {
    return (
      <Page title={t('versions.title')} actions={complete && <RefreshButton onDone={setMessage} />}>
        <ErrorNote
          error={error}
          actions={
            <Button size="xs" variant="default" onClick={shelf.again}>
              {t('action.tryAgain')}
            </Button>
          }
        />
        {complete && <EmptyState>{t('versions.none')}</EmptyState>}
        {!complete && !error && (
          <p className="hf-quiet" role="status">
            {t('versions.loading')}
          </p>
        )}
        <p className="hf-quiet hf-small" role="status">
          {message}
        </p>
      </Page>
    )
  }
  return (
    <Page title={t('versions.title')} actions={<RefreshButton onDone={setMessage} />}>
      <ErrorNote
        error={error}
        actions={
          <Button size="xs" variant="default" onClick={shelf.again}>
            {t('action.tryAgain')}
          </Button>
        }
      />
      {destinations !== null && !isAnythingHere && <Note tone="waiting">{t('versions.nowhere')}</Note>}
      <Filters versions={versions} places={places} filter={filter} onChange={onFilter} />
      <div className="hfv-line hf-quiet hf-small" role="status">
        <span>{count}</span>
        <span>{message}</span>
      </div>
      {shown.length === 0 ? (
        <EmptyState>{t('versions.noMatch')}</EmptyState>
      ) : (
        <div className="hfv-shelf">
          <div className="hfv-aside">
            <Calendar days={days} onDay={day => list.current?.showDay(day)} />
          </div>
          <VersionList
            handle={list}
            days={days}
            all={versions}
            places={places}
            host={host}
            selection={selection}
            startAt={startAt}
            action={restoreAction}
          />
        </div>
      )}
      {chosen.length > 0 && (
        <SelectionBar
          chosen={chosen}
          places={places}
          shelf={shelf}
          onClear={() => onSelected(new Map())}
          onAll={chosen.length < shown.length ? () => selection.set(shown, true) : null}
          onDone={setMessage}
        />
      )}
    </Page>
  )
}
