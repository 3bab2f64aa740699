import { Button, Loader } from '@mantine/core'
import type { Comparison, LibraryVersion } from '../../../../engine/contract/library.ts'
import { hrefOf } from '../../app/routes.ts'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { Card, Page } from '../../components/Page.tsx'
import { When } from '../../components/values.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useQuery } from '../../state/calls.ts'
import { AwayNote } from './AwayNote.tsx'
import { BackLink } from './Detail.tsx'
import type { Places } from './places.ts'
import { isReachable, joinedParts } from './shelf.ts'
import type { Shelf } from './useShelf.ts'
import './versions.css'

export interface CompareProps {
  shelf: Shelf
  places: Places
  destination: string
  older: string
  newer: string
}

/** How much differs between two versions of a destination, and where. */
export function Compare({ shelf, places, destination, older, newer }: CompareProps) {
  const { t } = useSpeech()
  const view = places.view(destination)
  const isHere = isReachable(view?.state)
  const { value, error, loading, again } = useQuery('versions.compare', isHere ? { destination, older, newer } : null)
  const find = (id: string) => shelf.versions.find(one => one.destination === destination && one.id === id)
  const pair = [find(older), find(newer)] as const
  return (
    <Page title={t('versions.compare.title')} actions={<BackLink />}>
      <AwayNote view={view} name={places.name(destination)} />
      <div className="hfv-pair">
        <Side title={t('versions.compare.older')} version={pair[0]} />
        <Side title={t('versions.compare.newer')} version={pair[1]} />
      </div>
      {pair[0] && pair[1] && pair[0].name !== pair[1].name && (
        <Note tone="attention">{t('versions.compare.otherName')}</Note>
      )}
      {loading && !value && (
        <div className="hfv-line" role="status">
          <Loader size="sm" />
          {t('versions.compare.working')}
        </div>
      )}
      <ErrorNote
        error={error}
        actions={
          <Button size="xs" variant="default" onClick={again}>
            {t('action.tryAgain')}
          </Button>
        }
      />
      {value && <Result comparison={value} />}
    </Page>
  )
}

function Side({ title, version }: { title: string; version: LibraryVersion | undefined }) {
  const { format } = useSpeech()
  return (
    <Card title={title}>
      {version && (
        <>
          <a className="hf-wrap hfv-link" href={hrefOf('versions', [version.destination, version.id])}>
            {version.name}
          </a>
          <div className="hf-quiet">
            <When at={version.date} /> · {format.bytes(version.sizeBytes)}
          </div>
        </>
      )}
    </Card>
  )
}

const rowsInTable = 16

function Result({ comparison }: { comparison: Comparison }) {
  const { t, format } = useSpeech()
  const { changedBytes, sameBytes, sizeBytes, parts } = comparison
  const width = 1024 / Math.max(1, parts.length)
  return (
    <Card>
      <p className="hfv-flush">
        <strong>
          {changedBytes === 0
            ? t('versions.compare.same')
            : t('versions.compare.result', {
                changed: format.bytes(changedBytes),
                share: format.percent(changedBytes / Math.max(1, sizeBytes)),
                same: format.bytes(sameBytes),
              })}
        </strong>
      </p>
      {changedBytes > 0 && (
        <div className="hfv-section">
          <div className="hf-quiet hf-small">{t('versions.compare.picture')}</div>
          <svg className="hfv-compare-bar" viewBox="0 0 1024 100" preserveAspectRatio="none" aria-hidden="true">
            {parts.map((share, i) => {
              // What has changed a little must be seen, too.
              const height = share === 0 ? 0 : Math.max(4, share * 100)
              // biome-ignore lint/suspicious/noArrayIndexKey: parts never move
              return <rect key={i} x={i * width} width={width} y={100 - height} height={height} />
            })}
          </svg>
          <div className="hfv-line hf-quiet hf-small" aria-hidden="true">
            <span>{format.bytes(0)}</span>
            <span className="hfv-end">{format.bytes(sizeBytes)}</span>
          </div>
          <details>
            <summary>{t('versions.compare.table')}</summary>
            <table className="hf-table hfv-compare-table">
              <caption className="hf-hidden">{t('versions.compare.picture')}</caption>
              <thead>
                <tr>
                  <th scope="col" className="hf-number">
                    {t('versions.compare.from')}
                  </th>
                  <th scope="col" className="hf-number">
                    {t('versions.compare.to')}
                  </th>
                  <th scope="col" className="hf-number">
                    {t('versions.compare.share')}
                  </th>
                </tr>
              </thead>
              <tbody>
                {joinedParts(parts, rowsInTable).map(({ from, to, share }) => (
                  <tr key={from}>
                    <td className="hf-number">{format.bytes(Math.round(from * sizeBytes))}</td>
                    <td className="hf-number">{format.bytes(Math.round(to * sizeBytes))}</td>
                    <td className="hf-number">{format.percent(share)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </details>
        </div>
      )}
    </Card>
  )
}
