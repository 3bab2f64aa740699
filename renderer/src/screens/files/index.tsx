import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import type { ScreenProps } from '../../app/screenProps.ts'
import { ErrorNote } from '../../components/Note.tsx'
import { Page } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { ChooseVersion } from '../restore/ChooseVersion.tsx'
import { useHost, usePlaces } from '../versions/places.ts'
import { keyOf } from '../versions/shelf.ts'
import { useShelf } from '../versions/useShelf.ts'
import { browseAction } from './BrowseLink.tsx'
import { OpenVersion } from './OpenVersion.tsx'
import '../versions/versions.css'
import '../restore/restore.css'
import './files.css'

/**
 * '#/files' lets one choose a version; '#/files/<destination>/<version>?volume=…&at=…' shows its files at a folder, of which
 * `find` names one.
 */
export function FilesScreen({ path, query }: ScreenProps) {
  const { t } = useSpeech()
  const shelf = useShelf()
  const places = usePlaces()
  const host = useHost()
  const [destination, id] = path
  const key = destination && id ? keyOf({ destination, id: id as LibraryVersion['id'] }) : null
  const version = key === null ? undefined : shelf.versions.find(one => keyOf(one) === key)
  if (key !== null && version) {
    return <OpenVersion key={key} version={version} places={places} query={query} />
  }
  if (key !== null && !shelf.complete) {
    return (
      <Page title={t('files.title')}>
        <ErrorNote error={shelf.error} />
        {!shelf.error && (
          <p className="hf-quiet" role="status">
            {t('versions.loading')}
          </p>
        )}
      </Page>
    )
  }
  return (
    <ChooseVersion
      shelf={shelf}
      places={places}
      host={host}
      destination={destination ?? null}
      isGone={key !== null}
      title={t('files.choose')}
      action={browseAction}
    />
  )
}
