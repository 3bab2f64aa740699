import { memo, type ReactNode } from 'react'
import type { FileEntry } from '../../../../engine/contract/files.ts'
import { Bytes, When } from '../../components/values.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { KindSign } from './EntryRow.tsx'
import { FileHistory } from './FileHistory.tsx'
import { joined, modeText } from './insidePaths.ts'
import { Preview } from './Preview.tsx'
import type { Place } from './wording.ts'

export interface FilePanelProps {
  id: string
  place: Place
  folder: string
  entry: FileEntry | undefined
}

/** All that is known of one entry: facts, what it holds, and its other states. */
export const FilePanel = memo(function FilePanel({ id, place, folder, entry }: FilePanelProps) {
  const { t } = useSpeech()
  if (!entry) {
    return (
      <section id={id} tabIndex={-1} className="hff-panel hf-card" aria-label={t('files.panel')}>
        <p className="hf-quiet hfv-flush">{t('files.panel.none')}</p>
      </section>
    )
  }
  const path = joined(folder, entry.name)
  const facts: [string, ReactNode][] = [
    [t('files.fact.kind'), t(`files.kind.${entry.kind}`)],
    ...(entry.kind === 'file'
      ? [[t('files.fact.size'), <Bytes key="1" value={entry.sizeBytes} />] as [string, ReactNode]]
      : []),
    [t('files.fact.modified'), <When key="2" at={entry.modified} />],
    [
      t('files.fact.mode'),
      <span key="3" title={entry.mode}>
        <code>{modeText(entry.mode)}</code>
      </span>,
    ],
    [t('files.fact.owner'), t('files.fact.owner.value', { uid: String(entry.uid), gid: String(entry.gid) })],
    ...(entry.linkTarget === null
      ? []
      : [[t('files.fact.target'), <code key="4">{entry.linkTarget}</code>] as [string, ReactNode]]),
  ]
  return (
    <section id={id} tabIndex={-1} className="hff-panel hf-card" aria-label={t('files.panel')}>
      <h2 className="hff-panel-name">
        <KindSign kind={entry.kind} />
        <span>{entry.name}</span>
      </h2>
      {!entry.isNameExact && <p className="hf-small hf-quiet hfv-flush">{t('files.notExact')}</p>}
      <dl className="hff-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {entry.kind === 'file' && <Preview key={`preview ${path}`} place={place} path={path} name={entry.name} />}
      <FileHistory key={`history ${path}`} place={place} path={path} />
    </section>
  )
})
