import { Button } from '@mantine/core'
import { useState } from 'react'
import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import { hrefOf, navigate } from '../../app/routes.ts'
import { Page } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useNow } from '../../state/context.ts'
import { AwayNote } from '../versions/AwayNote.tsx'
import type { Places } from '../versions/places.ts'
import { isReachable } from '../versions/shelf.ts'
import { Browser } from './Browser.tsx'
import { FileRestore } from './FileRestore.tsx'
import { Opening } from './Opening.tsx'
import { useAttachment } from './useAttachment.ts'
import { Volumes, volumeTitle } from './Volumes.tsx'
import type { Picked } from './wording.ts'

export interface OpenVersionProps {
  version: LibraryVersion
  places: Places
  query: Readonly<Record<string, string>>
}

/** One version like a folder: opening it, its volumes, its files, and where to put them. */
export function OpenVersion({ version, places, query }: OpenVersionProps) {
  const { t, format } = useSpeech()
  const at = useNow()
  const { destination, id } = version
  const view = places.view(destination)
  const isHere = isReachable(view?.state)
  const attachment = useAttachment(destination, id, isHere)
  const [picked, setPicked] = useState<Picked | null>(null)
  const { now } = attachment
  const volumes = now.state === 'open' ? now.volumes : []
  const ready = volumes.filter(volume => volume.state === 'ready')
  // With a single one there is nothing to choose.
  const chosen =
    ready.find(({ name }) => name === query.volume) ??
    (volumes.length === 1 && query.volume === undefined ? ready[0] : undefined)
  const go = (change: Record<string, string>) => navigate('files', [destination, id], change)

  if (now.state === 'open' && chosen && picked) {
    return (
      <FileRestore
        place={{ attachment: now.attachment, volume: chosen.name, version }}
        picked={picked}
        onBack={() => setPicked(null)}
      />
    )
  }
  return (
    <Page
      title={t('files.of', { name: version.name, when: format.when(version.date, at) })}
      actions={
        <Button component="a" variant="subtle" size="xs" href={hrefOf('versions', [destination, id])}>
          ← {t('files.version')}
        </Button>
      }
    >
      {now.state !== 'open' && <AwayNote view={view} name={places.name(destination)} />}
      {now.state !== 'open' && (isHere || now.state !== 'opening') && <Opening attachment={attachment} />}
      {now.state === 'open' &&
        (chosen ? (
          <Browser
            key={chosen.name}
            place={{ attachment: now.attachment, volume: chosen.name, version }}
            volumeTitle={volumeTitle(chosen)}
            path={query.at ?? ''}
            find={query.find ?? ''}
            onVolumes={volumes.length > 1 ? () => go({ volume: '' }) : undefined}
            onPath={path => go({ volume: chosen.name, at: path })}
            onRestore={setPicked}
          />
        ) : (
          <Volumes
            attachment={now.attachment}
            volumes={volumes}
            onVolumes={attachment.setVolumes}
            onOpen={volume => go({ volume })}
          />
        ))}
    </Page>
  )
}
