import { Button } from '@mantine/core'
import { useDeferredValue, useMemo, useState } from 'react'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { EmptyState, Page } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { Filters } from '../versions/Filters.tsx'
import type { Places } from '../versions/places.ts'
import { chooseAction } from '../versions/RestoreLink.tsx'
import { daysOf, type Filter, filtered, noFilter } from '../versions/shelf.ts'
import type { Shelf } from '../versions/useShelf.ts'
import { VersionList, type VersionListProps } from '../versions/VersionList.tsx'
import { StartLink } from './StartLink.tsx'
import { Steps } from './Steps.tsx'

export interface ChooseVersionProps {
  shelf: Shelf
  places: Places
  host: string | null
  /** Only versions there, to begin with. */
  destination: string | null
  /** One was asked for that is not there. */
  isGone: boolean
  /** For something else than the restore of all of it. */
  title?: string
  action?: VersionListProps['action']
}

/** First step: which version. */
export function ChooseVersion(props: ChooseVersionProps) {
  const { shelf, places, host, destination, isGone, title, action = chooseAction } = props
  const { t } = useSpeech()
  const [filter, setFilter] = useState<Filter>({ ...noFilter, destination })
  const asked = useDeferredValue(filter)
  const shown = useMemo(() => filtered(shelf.versions, asked), [shelf.versions, asked])
  const days = useMemo(() => daysOf(shown), [shown])
  return (
    <Page title={title ?? t('restore.version.title')} actions={<StartLink />}>
      {title === undefined && <Steps at="version" />}
      {isGone && <Note tone="attention">{t('restore.version.gone')}</Note>}
      <ErrorNote
        error={shelf.error}
        actions={
          <Button size="xs" variant="default" onClick={shelf.again}>
            {t('action.tryAgain')}
          </Button>
        }
      />
      {shelf.versions.length > 0 && (
        <Filters versions={shelf.versions} places={places} filter={filter} onChange={setFilter} />
      )}
      {shown.length > 0 ? (
        <VersionList days={days} all={shelf.versions} places={places} host={host} action={action} />
      ) : shelf.complete ? (
        <EmptyState>{shelf.versions.length === 0 ? t('restore.none') : t('versions.noMatch')}</EmptyState>
      ) : (
        !shelf.error && (
          <p className="hf-quiet" role="status">
            {t('versions.loading')}
          </p>
        )
      )}
    </Page>
  )
}
