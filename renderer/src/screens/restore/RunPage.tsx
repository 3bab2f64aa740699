import type { Run } from '../../../../engine/contract/jobs.ts'
import { ErrorNote } from '../../components/Note.tsx'
import { EmptyState, Page } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useQuery } from '../../state/calls.ts'
import { useHouse } from '../../state/context.ts'
import { ExtractRun } from '../files/ExtractRun.tsx'
import { extractOf } from '../files/wording.ts'
import { RunEnded } from './RunEnded.tsx'
import { RunUnderWay } from './RunUnderWay.tsx'
import { StartLink } from './StartLink.tsx'
import { outcomeOf } from './wording.ts'

/** A restore, under way or ended; also one that was begun before this window was there. */
export function RunPage({ id, willVerify }: { id: string; willVerify: boolean }) {
  const { t } = useSpeech()
  const running = useHouse(house => house.running?.find(run => run.id === id))
  const ended = useHouse(house => house.ended.find(run => run.id === id))
  const known = running ?? ended
  // Asked again when it leaves the list of those under way while nobody told how it ended.
  const asked = useQuery('runs.get', known ? null : { run: id }, running === undefined)
  const run: Run | undefined = known ?? asked.value?.run
  if (!run) {
    return (
      <Page title={t('restore.title')} actions={<StartLink />}>
        {asked.error?.code === 'config.notFound' ? (
          <EmptyState>{t('restore.run.gone')}</EmptyState>
        ) : (
          <ErrorNote error={asked.error} />
        )}
        {!asked.error && (
          <p className="hf-quiet" role="status">
            {t('restore.run.loading')}
          </p>
        )}
      </Page>
    )
  }
  if (run.kind === 'extract') {
    const of = extractOf(run)?.versionName ?? run.jobName
    return (
      <Page
        title={run.state === 'running' ? t('files.run.title', { name: of }) : t('run.kind.extract', { name: of })}
        actions={<StartLink />}
      >
        <ExtractRun run={run} />
      </Page>
    )
  }
  const name = outcomeOf(run)?.versionName ?? run.jobName
  return (
    <Page
      title={run.state === 'running' ? t('restore.run.title', { name }) : t('run.kind.restore', { name })}
      actions={<StartLink />}
    >
      {run.state === 'running' ? <RunUnderWay run={run} willVerify={willVerify} /> : <RunEnded run={run} />}
    </Page>
  )
}
