// biome-ignore-all lint/a11y: a table element cannot be drawn in part; the grid alone has the focus, and keys do all that clicks do
import { type MouseEvent, memo } from 'react'
import type { FileEntry, FileKind } from '../../../../engine/contract/files.ts'
import { FileIcon, FolderIcon, type Icon, LinkIcon, NoneIcon } from '../../components/icons.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useClock } from '../../state/context.ts'

const signs: Partial<Record<FileKind, Icon>> = { folder: FolderIcon, file: FileIcon, link: LinkIcon }

/** The sign of a kind of file. */
export function KindSign({ kind, size = 18 }: { kind: FileKind; size?: number }) {
  const Sign = signs[kind] ?? NoneIcon
  return (
    <span className="hff-sign" data-kind={kind}>
      <Sign size={size} />
    </span>
  )
}

export interface EntryRowProps {
  id: string
  place: number
  /** In px from the first row. */
  top: number
  /** Undefined while it is not known yet. */
  entry: FileEntry | undefined
  isSelected: boolean
  isActive: boolean
  onClick(place: number, event: MouseEvent): void
  onBox(place: number, event: MouseEvent): void
  onOpen(entry: FileEntry): void
}

/** One entry. It never has the focus itself: the grid has, and says which row is meant. */
export const EntryRow = memo(function EntryRow(props: EntryRowProps) {
  const { id, place, top, entry, isSelected, isActive, onClick, onBox, onOpen } = props
  const { t, format } = useSpeech()
  const clock = useClock()
  return (
    <div
      id={id}
      role="row"
      aria-rowindex={place + 2}
      aria-selected={isSelected}
      className="hff-row"
      data-active={isActive || undefined}
      style={{ top }}
      onClick={event => onClick(place, event)}
      onDoubleClick={() => entry && onOpen(entry)}
    >
      <span role="gridcell" aria-colindex={1} className="hff-cell-box">
        {/* What readers of screens hear is that the row is selected. */}
        <span
          aria-hidden="true"
          className="hff-box"
          data-checked={isSelected || undefined}
          onClick={event => {
            event.stopPropagation()
            onBox(place, event)
          }}
          onDoubleClick={event => event.stopPropagation()}
        />
      </span>
      {entry ? (
        <>
          <span role="gridcell" aria-colindex={2} className="hff-cell-name">
            <KindSign kind={entry.kind} />
            <span className="hf-hidden">{t(`files.kind.${entry.kind}`)} </span>
            {entry.kind === 'folder' ? (
              <span
                className="hff-name hff-folder"
                title={entry.name}
                onClick={event => {
                  if (event.ctrlKey || event.metaKey || event.shiftKey) return
                  event.stopPropagation()
                  onOpen(entry)
                }}
              >
                {entry.name}
              </span>
            ) : (
              <span className="hff-name" title={entry.name}>
                {entry.name}
              </span>
            )}
            {!entry.isNameExact && (
              <abbr className="hff-inexact" title={t('files.notExact')}>
                ≈
              </abbr>
            )}
          </span>
          <span role="gridcell" aria-colindex={3} className="hff-cell-size">
            {entry.kind === 'file' ? format.bytes(entry.sizeBytes) : '–'}
          </span>
          <span role="gridcell" aria-colindex={4} className="hff-cell-modified">
            {format.stamp(entry.modified, clock())}
          </span>
        </>
      ) : (
        <span role="gridcell" aria-colindex={2} className="hff-cell-name hf-quiet">
          {t('files.row.loading')}
        </span>
      )}
    </div>
  )
})
