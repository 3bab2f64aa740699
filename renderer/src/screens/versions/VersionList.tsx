import { type ReactNode, type Ref, useEffect, useImperativeHandle, useMemo, useRef, useState } from 'react'
import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useClock } from '../../state/context.ts'
import type { Places } from './places.ts'
import { copiesByMoment, type Day, isReachable, isRemarkable, keyOf, type Row, rowsOf } from './shelf.ts'
import { VersionRow } from './VersionRow.tsx'
import { useVirtualRows } from './virtualRows.ts'
import './versions.css'

/** In rem, as versions.css says. */
const heightOfDay = 2.75
const heightOfVersion = 4
const heightOfRemarkable = 5.5

export interface ListHandle {
  showDay(day: string): void
}

export interface VersionListProps {
  days: readonly Day[]
  /** All that are known, also those not shown: where else they are stored. */
  all: readonly LibraryVersion[]
  places: Places
  host: string | null
  /** Undefined where nothing can be selected. */
  selection?: {
    has(version: LibraryVersion): boolean
    set(versions: readonly LibraryVersion[], isSelected: boolean): void
  }
  /** Must stay the same function. */
  action(version: LibraryVersion): ReactNode
  /** Is brought into view and gets the focus when the list comes. */
  startAt?: string | null
  handle?: Ref<ListHandle>
}

/** Versions below their days. However many there are, only those in the window are drawn. */
export function VersionList({ days, all, places, host, selection, action, startAt, handle }: VersionListProps) {
  const { t, format } = useSpeech()
  const clock = useClock()
  const [rem] = useState(() => Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16)
  const rows = useMemo(() => rowsOf(days), [days])
  const heights = useMemo(() => {
    const isAway = (id: string) => !isReachable(places.view(id)?.state)
    const heightOf = (row: Row) => {
      if (row.kind === 'day') return heightOfDay
      const { version } = row
      return isRemarkable(version, host, isAway(version.destination)) ? heightOfRemarkable : heightOfVersion
    }
    return rows.map(row => heightOf(row) * rem)
  }, [rows, rem, places, host])
  const copies = useMemo(() => copiesByMoment(all), [all])
  const { list, offsets, first, end, scrollTo } = useVirtualRows(heights, '.hf-main')
  const [focused, setFocused] = useState<number | null>(null)
  const lastSelected = useRef<string | null>(null)

  useImperativeHandle(
    handle,
    () => ({
      showDay: day => {
        const row = rows.findIndex(one => one.kind === 'day' && one.day.day === day)
        if (row === -1) return
        scrollTo(row)
        setFocused(row)
      },
    }),
    [rows, scrollTo],
  )

  // Only once: later changes of the list must not move it.
  const start = useRef(startAt ?? null)
  useEffect(() => {
    if (start.current === null || rows.length === 0) return
    const row = rows.findIndex(one => one.kind === 'version' && keyOf(one.version) === start.current)
    start.current = null
    if (row === -1) return
    // The window goes to its top when it comes to another place; this is after that.
    const frame = requestAnimationFrame(() => {
      scrollTo(Math.max(0, row - 2))
      setFocused(row)
    })
    return () => cancelAnimationFrame(frame)
  }, [rows, scrollTo])

  // biome-ignore lint/correctness/useExhaustiveDependencies: the row may be drawn only after the window has moved
  useEffect(() => {
    if (focused === null) return
    const element = list.current?.querySelector<HTMLElement>(`[data-row="${focused}"]`)
    if (!element) return
    const target = element.querySelector<HTMLElement>('a, [tabindex]') ?? element
    target.focus({ preventScroll: true })
    setFocused(null)
  }, [focused, first, end])

  const select = useMemo(() => {
    if (!selection) return undefined
    return (version: LibraryVersion, isSelected: boolean, reaches: boolean) => {
      const key = keyOf(version)
      const shown = rows.flatMap(row => (row.kind === 'version' ? [row.version] : []))
      const from = reaches ? shown.findIndex(one => keyOf(one) === lastSelected.current) : -1
      const to = shown.findIndex(one => keyOf(one) === key)
      lastSelected.current = key
      const reached = from === -1 ? [version] : shown.slice(Math.min(from, to), Math.max(from, to) + 1)
      selection.set(reached, isSelected)
    }
  }, [selection, rows])

  return (
    <ul
      ref={list}
      aria-label={t('versions.list')}
      className="hf-plain-list hfv-list"
      style={{ height: offsets.at(-1) ?? 0 }}
    >
      {rows.slice(first, end).map((row, i) => {
        const index = first + i
        const place = {
          'aria-setsize': rows.length,
          'aria-posinset': index + 1,
          'data-row': index,
          style: { top: offsets[index], height: heights[index] },
        } as const
        if (row.kind === 'day') {
          const { day } = row
          const chosen = selection ? day.versions.filter(one => selection.has(one)).length : 0
          const title = format.day(day.at)
          return (
            <li key={day.day} {...place} className="hfv-day">
              {selection && (
                <input
                  type="checkbox"
                  className="hfv-check"
                  aria-label={t('versions.selectDay', { day: title })}
                  checked={chosen === day.versions.length}
                  ref={box => {
                    if (box) box.indeterminate = chosen > 0 && chosen < day.versions.length
                  }}
                  onChange={event => selection.set(day.versions, event.currentTarget.checked)}
                />
              )}
              <h2 tabIndex={-1}>
                {format.weekday(day.at)}, {title}
              </h2>
              <span className="hf-quiet hf-small">
                {format.ago(day.at, clock())} · {t('versions.count', { count: day.versions.length })}
              </span>
            </li>
          )
        }
        const { version } = row
        return (
          <li key={keyOf(version)} {...place} className="hfv-row" data-selected={selection?.has(version) || undefined}>
            <VersionRow
              version={version}
              places={places}
              host={host}
              copies={copies(version)}
              action={action}
              {...(select ? { onSelect: select, isSelected: selection?.has(version) ?? false } : {})}
            />
          </li>
        )
      })}
    </ul>
  )
}
