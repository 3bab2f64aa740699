import { Button } from '@mantine/core'
import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import { hrefOf } from '../../app/routes.ts'
import { Note } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { When } from '../../components/values.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useHost, usePlaces } from '../versions/places.ts'
import { VersionBadges } from '../versions/VersionBadges.tsx'

/** What is to be restored, with what speaks against it. */
export function ChosenVersion({ version }: { version: LibraryVersion }) {
  const { t, format } = useSpeech()
  const places = usePlaces()
  const host = useHost()
  return (
    <>
      <Card
        title={version.name}
        actions={
          <Button
            component="a"
            variant="subtle"
            size="xs"
            href={hrefOf('restore', ['disk'], { destination: version.destination })}
          >
            {t('restore.version.other')}
          </Button>
        }
      >
        <div className="hfv-line">
          <span>
            <When at={version.date} /> · {format.bytes(version.sizeBytes)} · {places.name(version.destination)}
          </span>
          <VersionBadges version={version} host={host} isAway={false} />
        </div>
      </Card>
      {version.status !== 'complete' && (
        <Note
          tone={version.status === 'damaged' ? 'danger' : 'attention'}
          title={t(`versions.status.${version.status}`)}
        >
          {t(`versions.status.${version.status}.text`)}
        </Note>
      )}
      {version.consistency === 'read-while-in-use' && (
        <Note tone="danger" title={t('restore.notSafe')}>
          {t('versions.consistency.read-while-in-use.text')}
        </Note>
      )}
    </>
  )
}
