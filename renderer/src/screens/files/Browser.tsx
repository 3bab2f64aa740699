import { Button, CloseButton, TextInput } from '@mantine/core'
import { useCallback, useDeferredValue, useState } from 'react'
import type { FileEntry } from '../../../../engine/contract/files.ts'
import { ErrorNote } from '../../components/Note.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { Breadcrumbs } from './Breadcrumbs.tsx'
import { FilePanel } from './FilePanel.tsx'
import { FolderTable, mostRows } from './FolderTable.tsx'
import { firstState, type GridState } from './gridKeys.ts'
import { joined, nameOf, parentOf } from './insidePaths.ts'
import type { Sorting } from './ListHead.tsx'
import { entryAt } from './pages.ts'
import { SelectionBar } from './SelectionBar.tsx'
import { nothing } from './selection.ts'
import { useFolder } from './useFolder.ts'
import type { Picked, Place } from './wording.ts'

/** The panel takes the focus when a file is opened. */
const panelId = 'hff-panel'

export interface BrowserProps {
  place: Place
  /** What the volume is called. */
  volumeTitle: string
  path: string
  /** Part of a name to look for at first. */
  find: string
  /** Undefined where there is only one volume. */
  onVolumes?: (() => void) | undefined
  onPath(path: string): void
  onRestore(picked: Picked): void
}

/** A folder of a volume, what is selected in it, and the entry that one looks at. */
export function Browser({ place, volumeTitle, path, find, onVolumes, onPath, onRestore }: BrowserProps) {
  const { t } = useSpeech()
  const [search, setSearch] = useState(find)
  const [sorting, setSorting] = useState<Sorting>({ order: 'name', descending: false })
  const asked = useDeferredValue(search)
  const question = {
    attachment: place.attachment,
    volume: place.volume,
    path,
    search: asked.trim(),
    order: sorting.order,
    descending: sorting.descending,
  }
  const listKey = JSON.stringify(question)
  const folder = useFolder(question)
  const [state, setState] = useState<GridState & { of: string }>({ ...firstState, of: listKey })
  // Places mean nothing in another list.
  const current = state.of === listKey ? state : { ...firstState, of: listKey }
  const { total } = folder.pages
  const active = entryAt(folder.pages, current.active)
  const title = path === '' ? volumeTitle : nameOf(path)

  const clear = useCallback(() => setState(before => ({ ...before, selection: nothing })), [])
  const go = (to: string) => {
    setSearch('')
    onPath(to)
  }
  const open = (entry: FileEntry) => {
    if (entry.kind === 'folder') go(joined(path, entry.name))
    else document.getElementById(panelId)?.focus()
  }
  return (
    <div className="hff-browser">
      <div className="hff-tools">
        <Breadcrumbs volumeTitle={volumeTitle} path={path} onVolumes={onVolumes} onPath={go} />
        <TextInput
          type="search"
          size="sm"
          className="hff-search"
          aria-label={t('files.search')}
          placeholder={t('files.search')}
          value={search}
          rightSection={
            search === '' ? null : (
              <CloseButton size="sm" aria-label={t('files.search.clear')} onClick={() => setSearch('')} />
            )
          }
          onChange={event => setSearch(event.currentTarget.value)}
        />
      </div>
      <ErrorNote
        error={folder.error}
        actions={
          <Button size="xs" variant="default" onClick={folder.again}>
            {t('action.tryAgain')}
          </Button>
        }
      />
      <div className="hff-columns" hidden={folder.error !== null && total === null}>
        <div className="hff-list">
          <FolderTable
            listKey={listKey}
            title={title}
            pages={folder.pages}
            state={current}
            sorting={sorting}
            autoFocus={search === ''}
            want={folder.want}
            onState={next => setState({ ...next, of: listKey })}
            onSort={setSorting}
            onOpen={open}
            onUp={() => path !== '' && go(parentOf(path))}
          />
          <p className="hff-status hf-quiet hf-small" role="status">
            {total === null && !folder.error && t('files.loading')}
            {total === 0 && (search === '' ? t('files.empty') : t('files.noMatch'))}
            {total !== null && total > 0 && t('files.count', { count: total })}
            {total !== null && total > mostRows && ` ${t('files.tooMany', { shown: mostRows, total })}`}
          </p>
        </div>
        <FilePanel id={panelId} place={place} folder={path} entry={active} />
      </div>
      <SelectionBar
        place={place}
        path={path}
        isWhole={asked.trim() === ''}
        total={total}
        entriesAt={folder.entriesAt}
        selection={current.selection}
        onClear={clear}
        onRestore={onRestore}
      />
    </div>
  )
}
