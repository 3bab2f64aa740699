import { Button } from '@mantine/core'
import { useEffect } from 'react'
import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import { hrefOf, navigate } from '../../app/routes.ts'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { Card, EmptyState, Page } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall, useQuery } from '../../state/calls.ts'
import { useNow } from '../../state/context.ts'
import { NewCopy } from '../attached/NewCopy.tsx'
import { AwayNote } from './AwayNote.tsx'
import { DiskPicture } from './DiskPicture.tsx'
import { Facts } from './Facts.tsx'
import { Labels } from './Labels.tsx'
import type { Places } from './places.ts'
import { RemoveButton } from './RemoveButton.tsx'
import { isReachable, keyOf, neighboursOf } from './shelf.ts'
import type { Shelf } from './useShelf.ts'
import { consistencyLooks, VersionBadges } from './VersionBadges.tsx'
import './versions.css'

export interface DetailProps {
  shelf: Shelf
  places: Places
  host: string | null
  destination: string
  id: string
  onShown(): void
}

/** One version. */
export function Detail({ shelf, places, host, destination, id, onShown }: DetailProps) {
  const { t } = useSpeech()
  const key = keyOf({ destination, id: id as LibraryVersion['id'] })
  const version = shelf.versions.find(one => keyOf(one) === key)
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each version
  useEffect(onShown, [key])
  if (version) return <Shown version={version} shelf={shelf} places={places} host={host} />
  return (
    <Page title={t('versions.title')} actions={<BackLink />}>
      <ErrorNote error={shelf.error} />
      {shelf.complete ? (
        <EmptyState title={t('versions.gone')}>{t('versions.gone.text')}</EmptyState>
      ) : (
        <p className="hf-quiet" role="status">
          {t('versions.loading')}
        </p>
      )}
    </Page>
  )
}

export function BackLink() {
  const { t } = useSpeech()
  return (
    <Button component="a" variant="subtle" size="xs" href={hrefOf('versions')}>
      ← {t('versions.backToList')}
    </Button>
  )
}

function Shown({
  version,
  shelf,
  places,
  host,
}: { version: LibraryVersion } & Omit<DetailProps, 'destination' | 'id' | 'onShown'>) {
  const { t, format } = useSpeech()
  const now = useNow()
  const view = places.view(version.destination)
  const isHere = isReachable(view?.state)
  const protect = useCall('versions.protect')
  const unprotect = useCall('versions.unprotect')
  const { before, after } = neighboursOf(version, shelf.versions)
  const unreadableBytes = version.unreadable.reduce((sum, { length }) => sum + length, 0)

  const setProtected = async (isProtected: boolean) => {
    const call = isProtected ? protect.call : unprotect.call
    const answer = await call({ destination: version.destination, versions: [version.id] })
    if (answer) shelf.patch([version], { protected: isProtected })
  }
  const linkTo = ({ destination, id, date }: LibraryVersion, word: 'versions.previous' | 'versions.next') => (
    <a className="hf-small hfv-link" href={hrefOf('versions', [destination, id])}>
      {t(word, { when: format.when(date, now) })}
    </a>
  )
  return (
    <Page title={`${version.name}, ${format.when(version.date, now)}`} actions={<BackLink />}>
      <div className="hfv-line">
        <VersionBadges version={version} host={host} isAway={!isHere} />
      </div>
      <AwayNote view={view} name={places.name(version.destination)} />
      {version.status !== 'complete' && (
        <Note
          tone={version.status === 'damaged' ? 'danger' : 'attention'}
          title={t(`versions.status.${version.status}`)}
        >
          {t(`versions.status.${version.status}.text`)}
        </Note>
      )}
      {version.consistency !== 'consistent' && (
        <Note tone={consistencyLooks[version.consistency]} title={t(`versions.consistency.${version.consistency}`)}>
          {t(`versions.consistency.${version.consistency}.text`)}
        </Note>
      )}
      {version.unreadable.length > 0 && (
        <Note tone="attention" title={t('versions.unreadable', { count: version.unreadable.length })}>
          {t('versions.unreadable.text', { bytes: format.bytes(unreadableBytes) })}
        </Note>
      )}
      <div className="hfv-actions">
        <Button
          component="a"
          href={hrefOf('restore', ['disk'], { destination: version.destination, version: version.id })}
        >
          {t('versions.action.restore')}
        </Button>
        <Button component="a" variant="default" href={hrefOf('files', [version.destination, version.id])}>
          {t('files.browse')}
        </Button>
        <NewCopy version={version} disabled={!isHere} />
        <Button
          variant="default"
          disabled={!isHere}
          loading={protect.busy || unprotect.busy}
          title={t('versions.protected.text')}
          onClick={() => void setProtected(!version.protected)}
        >
          {version.protected ? t('versions.action.unprotect') : t('versions.action.protect')}
        </Button>
        {before && (
          <Button
            component="a"
            variant="default"
            href={hrefOf('versions', ['compare', version.destination, before.id, version.id])}
          >
            {t('versions.action.comparePrevious')}
          </Button>
        )}
        <RemoveButton
          versions={[version]}
          places={places}
          shelf={shelf}
          disabled={!isHere}
          onRemoved={count => count > 0 && navigate('versions')}
        />
      </div>
      <ErrorNote error={protect.error ?? unprotect.error} />
      <Facts version={version} all={shelf.versions} places={places} />
      {view?.state.state === 'connected' && <Partitions version={version} />}
      <Labels version={version} shelf={shelf} disabled={!isHere} />
      {(before || after) && (
        <nav className="hfv-line" aria-label={t('versions.neighbours')}>
          {before && linkTo(before, 'versions.previous')}
          {after && linkTo(after, 'versions.next')}
        </nav>
      )}
    </Page>
  )
}

/** Only while the repository is at hand anyway: nothing is mounted because somebody looks at a page. */
function Partitions({ version }: { version: LibraryVersion }) {
  const { t } = useSpeech()
  const { value, error, again } = useQuery('versions.picture', {
    destination: version.destination,
    version: version.id,
  })
  return (
    <Card title={t('versions.picture')}>
      {value && <DiskPicture picture={value.picture} title={t('versions.picture')} />}
      {!value && !error && (
        <p className="hf-quiet hfv-flush" role="status">
          {t('versions.picture.loading')}
        </p>
      )}
      <ErrorNote
        error={error}
        actions={
          <Button size="xs" variant="default" onClick={again}>
            {t('action.tryAgain')}
          </Button>
        }
      />
    </Card>
  )
}
