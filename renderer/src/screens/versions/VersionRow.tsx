import { memo, type ReactNode } from 'react'
import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import { hrefOf } from '../../app/routes.ts'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useClock } from '../../state/context.ts'
import type { Places } from './places.ts'
import { isReachable, isRemarkable } from './shelf.ts'
import { VersionBadges } from './VersionBadges.tsx'
import { isLocked } from './versionLock.ts'

export interface VersionRowProps {
  version: LibraryVersion
  places: Places
  host: string | null
  /** The same moment in every destination that has it, this one too. */
  copies: readonly LibraryVersion[]
  /** Undefined where nothing can be selected. */
  isSelected?: boolean
  onSelect?(version: LibraryVersion, isSelected: boolean, reaches: boolean): void
  /** What can be done with it at once. Must stay the same function. */
  action(version: LibraryVersion): ReactNode
}

/** Drawn anew only when something of it changes, and of the simplest parts: many pass by when somebody scrolls. */
export const VersionRow = memo(function VersionRow(props: VersionRowProps) {
  const { version, places, copies } = props
  const { t, format } = useSpeech()
  const clock = useClock()
  const when = `${format.day(version.date)}, ${format.time(version.date)}`
  const isAway = !isReachable(places.view(version.destination)?.state)
  const others = copies
    .filter(copy => copy.destination !== version.destination)
    .map(copy => places.name(copy.destination))
  const facts = [
    t('versions.changed', { changed: format.bytes(version.newBytes), size: format.bytes(version.sizeBytes) }),
    format.list([places.name(version.destination), ...others]),
    ...(isLocked(version, clock()) ? [t('versions.lock.inRow', { day: format.day(version.lock!.until!) })] : []),
  ].join(' · ')
  const { note } = version.labels
  return (
    <>
      {props.onSelect ? (
        <input
          type="checkbox"
          className="hfv-check"
          aria-label={t('versions.select', { name: version.name, when })}
          checked={props.isSelected ?? false}
          onChange={event => {
            const { shiftKey } = event.nativeEvent as MouseEvent
            props.onSelect?.(version, event.currentTarget.checked, shiftKey === true)
          }}
        />
      ) : (
        <span />
      )}
      <time className="hfv-row-time" dateTime={version.date}>
        {format.time(version.date)}
      </time>
      <div className="hfv-row-text">
        <div className="hfv-row-head">
          <a
            className="hfv-row-name"
            href={hrefOf('versions', [version.destination, version.id])}
            title={version.name}
            aria-label={t('versions.openDetail', { name: version.name, when })}
          >
            {version.name}
          </a>
        </div>
        {isRemarkable(version, props.host, isAway) && (
          <div className="hfv-row-head">
            <VersionBadges version={version} host={props.host} isAway={isAway} />
            {note && (
              <span className="hfv-row-note" title={note}>
                {note}
              </span>
            )}
          </div>
        )}
        <div className="hfv-row-facts" title={facts}>
          {facts}
        </div>
      </div>
      <div>{props.action(version)}</div>
    </>
  )
})
