import { Button } from '@mantine/core'
import type { Run } from '../../../../engine/contract/jobs.ts'
import { hrefOf } from '../../app/routes.ts'
import { Facts } from '../../components/Facts.tsx'
import { ErrorNote } from '../../components/Note.tsx'
import { Card, Page } from '../../components/Page.tsx'
import { ProgressLine, runTitle } from '../../components/ProgressLine.tsx'
import { Duration, When } from '../../components/values.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useQuery } from '../../state/calls.ts'
import { useHouse, useNow } from '../../state/context.ts'
import { durationOf } from './history.ts'
import { Outcome } from './Outcome.tsx'
import { RunLog } from './RunLog.tsx'
import { RunParts } from './RunParts.tsx'
import { RunResult } from './RunTable.tsx'
import { SupportFile } from './SupportFile.tsx'
import { Trouble } from './Trouble.tsx'
import { useRunStamp } from './useHistory.ts'

/** Everything about one run. */
export function RunPage({ id }: { id: string }) {
  const { t } = useSpeech()
  const running = useHouse(house => house.running?.find(run => run.id === id))
  const query = useQuery('runs.get', { run: id }, useRunStamp())
  const run = running ?? query.value?.run
  return (
    <Page
      title={run ? runTitle(t, run) : t('activity.title')}
      actions={
        <Button component="a" href={hrefOf('activity')} variant="default" size="xs">
          {t('activity.back')}
        </Button>
      }
    >
      <ErrorNote error={query.error} />
      {running && (
        <Card>
          <ProgressLine run={running} />
        </Card>
      )}
      {run && (
        <>
          <RunFacts run={run} />
          <Trouble run={run} />
          <Outcome run={run} />
          <RunParts run={run} />
          <Remarks warnings={run.warnings} />
        </>
      )}
      {query.value && <RunLog run={query.value.run} log={query.value.log} />}
      {run?.error && <SupportFile />}
    </Page>
  )
}

function RunFacts({ run }: { run: Run }) {
  const { t } = useSpeech()
  const now = useNow()
  return (
    <Card>
      <Facts
        facts={[
          [t('activity.column.state'), <RunResult key="state" run={run} />],
          [
            t('activity.run.destination'),
            <a key="destination" href={hrefOf('destinations', [run.destination])}>
              {run.destinationName}
            </a>,
          ],
          [t('activity.run.started'), <When key="started" at={run.startedAt} />],
          [t('activity.run.finished'), run.finishedAt !== null && <When key="finished" at={run.finishedAt} />],
          [t('activity.run.took'), <Duration key="took" ms={durationOf(run, now)} />],
          [t('activity.run.why'), t(`activity.trigger.${run.trigger}`)],
        ]}
      />
    </Card>
  )
}

function Remarks({ warnings }: { warnings: readonly string[] }) {
  const { t } = useSpeech()
  if (warnings.length === 0) return null
  return (
    <Card title={t('activity.warnings', { count: warnings.length })}>
      <ul className="hf-activity-remarks">
        {warnings.map(text => (
          <li key={text} className="hf-wrap">
            {text}
          </li>
        ))}
      </ul>
    </Card>
  )
}
