import { Button } from '@mantine/core'
import { useState } from 'react'
import { hrefOf } from '../../app/routes.ts'
import { ErrorNote } from '../../components/Note.tsx'
import { When } from '../../components/values.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { type Output, useQuery } from '../../state/calls.ts'
import { useNow } from '../../state/context.ts'
import { nameOf, parentOf } from './insidePaths.ts'
import type { Place } from './wording.ts'

/** So many versions are looked at first, and then all that the service looks at in one go. */
const first = 10
const most = 50

type State = Output<'files.history'>['entries'][number]

/** The same path in other versions. Each has to be opened for that, so only when somebody asks. */
export function FileHistory({ place, path }: { place: Place; path: string }) {
  const { t } = useSpeech()
  const { attachment, volume, version } = place
  const [limit, setLimit] = useState<number | null>(null)
  const { value, error, loading, again } = useQuery(
    'files.history',
    limit === null ? null : { attachment, volume, path, limit },
  )
  return (
    <div>
      <h3 className="hff-subhead">{t('files.history')}</h3>
      {limit === null && (
        <Button size="xs" variant="default" onClick={() => setLimit(first)}>
          {t('files.history.show')}
        </Button>
      )}
      {loading && (
        <div className="hff-looking">
          <p className="hf-quiet hf-small hfv-flush" role="status">
            {t('files.history.working')}
          </p>
          <div className="hf-progress-bar" role="progressbar" aria-label={t('files.history')} data-unknown="">
            <div />
          </div>
          <Button size="xs" variant="default" onClick={() => setLimit(null)}>
            {t('files.history.stop')}
          </Button>
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
      {value && (
        <ul className="hf-plain-list hff-history">
          {value.entries.length === 0 && <li className="hf-quiet hf-small">{t('files.history.none')}</li>}
          {value.entries.map(state => (
            <HistoryLine
              key={state.version}
              state={state}
              isShown={state.version === version.id}
              href={hrefOf('files', [version.destination, state.version], {
                volume,
                at: parentOf(path),
                find: nameOf(path),
              })}
            />
          ))}
        </ul>
      )}
      {value?.more && limit !== null && limit < most && (
        <Button size="xs" variant="default" onClick={() => setLimit(most)}>
          {t('files.history.more')}
        </Button>
      )}
    </div>
  )
}

function HistoryLine({ state, isShown, href }: { state: State; isShown: boolean; href: string }) {
  const { t, format } = useSpeech()
  const now = useNow()
  const canOpen = !isShown && (state.state === 'present' || state.state === 'same')
  const when = format.when(state.date, now)
  return (
    <li data-state={state.state}>
      {canOpen ? (
        <a className="hfv-link" href={href} aria-label={t('files.history.open', { when })}>
          {when}
        </a>
      ) : (
        <span>
          {when}
          {isShown && <span className="hf-quiet"> ({t('files.history.current')})</span>}
        </span>
      )}
      <span className="hf-quiet hf-small">
        {t(`files.history.${state.state}`)}
        {state.state === 'present' && state.modified !== null && (
          <>
            {' · '}
            {state.kind === 'file' && state.sizeBytes !== null && `${format.bytes(state.sizeBytes)} · `}
            <When at={state.modified} />
          </>
        )}
      </span>
    </li>
  )
}
