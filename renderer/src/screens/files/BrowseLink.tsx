import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import { hrefOf } from '../../app/routes.ts'
import { useSpeech } from '../../i18n/useSpeech.ts'

/** In a row of versions: leads to the files of this one. Looks like a button. */
function BrowseLink({ version }: { version: LibraryVersion }) {
  const { t, format } = useSpeech()
  return (
    <a
      className="hfv-row-link"
      href={hrefOf('files', [version.destination, version.id])}
      aria-label={t('files.browseThis', {
        name: version.name,
        when: `${format.day(version.date)}, ${format.time(version.date)}`,
      })}
    >
      {t('files.browse')}
    </a>
  )
}

/** As VersionList wants it. */
export const browseAction = (version: LibraryVersion) => <BrowseLink version={version} />
