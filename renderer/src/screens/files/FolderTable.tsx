// biome-ignore-all lint/a11y: a table element cannot be drawn in part; the grid alone has the focus, and keys do all that clicks do
import {
  type KeyboardEvent,
  type MouseEvent,
  useCallback,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from 'react'
import type { FileEntry } from '../../../../engine/contract/files.ts'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { EntryRow } from './EntryRow.tsx'
import { afterBox, afterClick, afterKey, type GridState } from './gridKeys.ts'
import { ListHead, type Sorting } from './ListHead.tsx'
import { entryAt, missingFrom, type Pages } from './pages.ts'
import { has } from './selection.ts'

/** In rem, as files.css says. */
const rowRem = 2.25
/** Drawn beyond both edges of the window. */
const beyondRows = 12
/** Browsers draw nothing at 2^25 px and more; this many rows stay well below. */
export const mostRows = 500_000

export interface FolderTableProps {
  /** Stands for the folder, search and order: a list of another begins at its top. */
  listKey: string
  title: string
  pages: Pages
  state: GridState
  sorting: Sorting
  onState(state: GridState): void
  onSort(sorting: Sorting): void
  onOpen(entry: FileEntry): void
  onUp(): void
  want(first: number, end: number): void
  /** Takes the focus when the list comes. */
  autoFocus: boolean
}

const modifiersOf = (event: KeyboardEvent | MouseEvent) => ({
  shiftKey: event.shiftKey,
  ctrlKey: event.ctrlKey || event.metaKey,
})

/** A folder as a grid with one place for the focus. However much it holds, only what is in the window is drawn and asked for. */
export function FolderTable(props: FolderTableProps) {
  const { listKey, title, pages, state, sorting, onState, want } = props
  const { t } = useSpeech()
  const id = useId()
  const hint = useId()
  const grid = useRef<HTMLDivElement>(null)
  const [rowPx] = useState(
    () => rowRem * (Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16),
  )
  const [range, setRange] = useState({ first: 0, end: 40 })
  const total = Math.min(pages.total ?? 0, mostRows)

  // biome-ignore lint/correctness/useExhaustiveDependencies: another list begins at its top
  useLayoutEffect(() => {
    const element = grid.current
    if (!element) return
    const look = () => {
      const first = Math.max(0, Math.floor(element.scrollTop / rowPx) - beyondRows)
      const end = Math.min(total, Math.ceil((element.scrollTop + element.clientHeight) / rowPx) + beyondRows)
      setRange(before => (before.first === first && before.end === end ? before : { first, end }))
    }
    look()
    element.addEventListener('scroll', look, { passive: true })
    const sizes = new ResizeObserver(look)
    sizes.observe(element)
    return () => {
      element.removeEventListener('scroll', look)
      sizes.disconnect()
    }
  }, [total, rowPx, listKey])

  // biome-ignore lint/correctness/useExhaustiveDependencies: another list begins at its top
  useLayoutEffect(() => {
    grid.current?.scrollTo({ top: 0 })
    if (props.autoFocus) grid.current?.focus({ preventScroll: true })
  }, [listKey])

  useEffect(() => want(range.first, range.end), [want, range])

  const bring = (place: number) => {
    const element = grid.current
    if (!element) return
    // The head of the list stays at the top and covers a row.
    const head = rowPx
    const top = place * rowPx
    if (top < element.scrollTop) element.scrollTo({ top })
    else if (top + rowPx + head > element.scrollTop + element.clientHeight) {
      element.scrollTo({ top: top + rowPx + head - element.clientHeight })
    }
  }
  const onKey = (event: KeyboardEvent<HTMLDivElement>) => {
    // Keys on the buttons of the head are theirs.
    if (event.target !== event.currentTarget || event.altKey) return
    const entry = entryAt(pages, state.active)
    if (event.key === 'Enter' && entry) {
      event.preventDefault()
      return props.onOpen(entry)
    }
    if (event.key === 'Backspace') {
      event.preventDefault()
      return props.onUp()
    }
    const pageRows = Math.max(1, Math.floor((grid.current?.clientHeight ?? 0) / rowPx) - 2)
    const next = afterKey(state, event.key, modifiersOf(event), total, pageRows)
    if (!next) return
    event.preventDefault()
    onState(next)
    bring(next.active)
  }
  // Rows are drawn anew only when something of theirs changes, so what they call stays the same.
  const latest = useRef(props)
  latest.current = props
  const click = useCallback((place: number, event: MouseEvent) => {
    latest.current.onState(afterClick(latest.current.state, place, modifiersOf(event)))
    grid.current?.focus({ preventScroll: true })
  }, [])
  const box = useCallback((place: number, event: MouseEvent) => {
    latest.current.onState(afterBox(latest.current.state, place, modifiersOf(event)))
    grid.current?.focus({ preventScroll: true })
  }, [])
  const open = useCallback((entry: FileEntry) => latest.current.onOpen(entry), [])
  const rowId = (place: number) => `${id}-${place}`
  const isActiveDrawn = state.active >= range.first && state.active < range.end
  const end = Math.min(range.end, total)
  const isWaiting = missingFrom(pages, range.first, end) !== null
  return (
    <>
      <p id={hint} className="hf-hidden">
        {t('files.list.hint')}
      </p>
      <div
        ref={grid}
        role="grid"
        tabIndex={0}
        className="hff-grid"
        aria-label={t('files.list', { folder: title })}
        aria-describedby={hint}
        aria-multiselectable="true"
        aria-rowcount={(pages.total ?? 0) + 1}
        aria-colcount={4}
        aria-busy={isWaiting}
        aria-activedescendant={isActiveDrawn && total > 0 ? rowId(state.active) : undefined}
        onKeyDown={onKey}
      >
        <ListHead sorting={sorting} onSort={props.onSort} />
        <div role="rowgroup" className="hff-rows" style={{ height: total * rowPx }}>
          {Array.from({ length: Math.max(0, end - range.first) }, (_, i) => {
            const place = range.first + i
            return (
              <EntryRow
                key={place}
                id={rowId(place)}
                place={place}
                top={place * rowPx}
                entry={entryAt(pages, place)}
                isSelected={has(state.selection, place)}
                isActive={place === state.active}
                onClick={click}
                onBox={box}
                onOpen={open}
              />
            )
          })}
        </div>
      </div>
    </>
  )
}
