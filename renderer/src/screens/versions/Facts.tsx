import { Fragment, type ReactNode } from 'react'
import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import { hrefOf } from '../../app/routes.ts'
import { Card } from '../../components/Page.tsx'
import { DestinationBadge } from '../../components/StateBadge.tsx'
import { Bytes, Duration, When } from '../../components/values.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useHouse } from '../../state/context.ts'
import { hasLocks } from '../destinations/lockWords.ts'
import type { Places } from './places.ts'
import { copiesByMoment } from './shelf.ts'
import { VersionLock } from './VersionLock.tsx'

export interface FactsProps {
  version: LibraryVersion
  all: readonly LibraryVersion[]
  places: Places
}

/** What is known of a version, line by line. */
export function Facts({ version, all, places }: FactsProps) {
  const { t, format } = useSpeech()
  const job = useHouse(house => house.jobs?.find(view => view.job.id === version.job)?.job)
  const { bytes } = format
  const view = places.view(version.destination)
  const facts: [string, ReactNode][] = [
    [t('versions.fact.when'), <When key="when" at={version.date} />],
    [
      t('versions.fact.changed'),
      t('versions.fact.changed.value', { changed: bytes(version.newBytes), read: bytes(version.readBytes) }),
    ],
    [t('versions.fact.stored'), t('versions.fact.stored.value', { stored: bytes(version.storedBytes) })],
    [
      t('versions.fact.size'),
      // Where there is a base, only the zeros among what was read are counted.
      version.holeBytes === 0 || version.base !== null ? (
        <Bytes key="size" value={version.sizeBytes} />
      ) : (
        t('versions.fact.size.value', { size: bytes(version.sizeBytes), holes: bytes(version.holeBytes) })
      ),
    ],
    [
      t('versions.fact.places'),
      <ul key="places" className="hf-plain-list hfv-places">
        {copiesByMoment(all)(version).map(copy => {
          const view = places.view(copy.destination)
          return (
            <li key={copy.destination} className="hfv-line">
              {copy.destination === version.destination ? (
                places.name(copy.destination)
              ) : (
                <a className="hfv-link" href={hrefOf('versions', [copy.destination, copy.id])}>
                  {places.name(copy.destination)}
                </a>
              )}
              {view && <DestinationBadge state={view.state} />}
            </li>
          )
        })}
      </ul>,
    ],
    ...(view && hasLocks(view)
      ? [[t('versions.fact.locked'), <VersionLock key="lock" version={version} view={view} />] as [string, ReactNode]]
      : []),
    [
      t('versions.fact.verified'),
      version.scrubbedAt === null ? t('versions.fact.verified.never') : <When key="verified" at={version.scrubbedAt} />,
    ],
    [
      t('versions.fact.state'),
      // Anything else is explained above.
      version.consistency === 'consistent'
        ? `${t('versions.consistency.consistent')}. ${t('versions.consistency.consistent.text')}`
        : t(`versions.consistency.${version.consistency}`),
    ],
    [t('versions.fact.host'), version.host],
    [t('versions.fact.source'), version.source],
    ...(job ? [[t('versions.fact.job'), job.name] as [string, ReactNode]] : []),
    [t('versions.fact.method'), t(`versions.method.${version.method}`)],
    [t('versions.fact.took'), <Duration key="took" ms={version.durationMs} />],
    [t('versions.fact.id'), <code key="id">{version.id}</code>],
  ]
  return (
    <Card title={t('versions.facts')}>
      <dl className="hfv-facts">
        {facts.map(([name, value]) => (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </Fragment>
        ))}
      </dl>
    </Card>
  )
}
