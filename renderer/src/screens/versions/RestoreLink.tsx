import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import { hrefOf } from '../../app/routes.ts'
import { useSpeech } from '../../i18n/useSpeech.ts'

/** In a row of versions: leads to the restore of this one. Looks like a button. */
export function RestoreLink({ version, isChoice }: { version: LibraryVersion; isChoice: boolean }) {
  const { t, format } = useSpeech()
  const words = { name: version.name, when: `${format.day(version.date)}, ${format.time(version.date)}` }
  return (
    <a
      className="hfv-row-link"
      href={hrefOf('restore', ['disk'], { destination: version.destination, version: version.id })}
      aria-label={isChoice ? t('restore.version.chooseThis', words) : t('versions.action.restoreThis', words)}
    >
      {isChoice ? t('restore.version.choose') : t('versions.action.restore')}
    </a>
  )
}

/** As VersionList wants them. */
export const restoreAction = (version: LibraryVersion) => <RestoreLink version={version} isChoice={false} />
export const chooseAction = (version: LibraryVersion) => <RestoreLink version={version} isChoice />
