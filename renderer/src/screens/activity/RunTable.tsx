import { Button } from '@mantine/core'
import { useDeferredValue, useState } from 'react'
import type { Run } from '../../../../engine/contract/jobs.ts'
import { hrefOf } from '../../app/routes.ts'
import { leavesDamage } from '../../components/healedWords.ts'
import { arrowOf, runTitle } from '../../components/ProgressLine.tsx'
import { RunBadge, StateBadge } from '../../components/StateBadge.tsx'
import { Bytes, Duration, When } from '../../components/values.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useNow } from '../../state/context.ts'
import { amountOf, durationOf } from './history.ts'

/** So many rows at once: a page of some hundred makes a window slow on old computers. */
const rowsAtOnce = 60
/** Fill a window; the rest is drawn a moment later. */
const rowsAtFirst = 12

export function RunTable({ runs }: { runs: readonly Run[] }) {
  const { t } = useSpeech()
  const now = useNow()
  const [limit, setLimit] = useState(rowsAtOnce)
  const shown = runs.slice(0, useDeferredValue(limit, rowsAtFirst))
  return (
    <>
      <div className="hf-scroll">
        <table className="hf-table hf-activity-table">
          <thead>
            <tr>
              <th scope="col">{t('activity.column.what')}</th>
              <th scope="col">{t('activity.column.when')}</th>
              <th scope="col" className="hf-number">
                {t('activity.column.duration')}
              </th>
              <th scope="col" className="hf-number">
                {t('activity.column.changed')}
              </th>
              <th scope="col">{t('activity.column.state')}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(run => {
              const amount = amountOf(run)
              return (
                <tr key={run.id}>
                  <td>
                    <a href={hrefOf('activity', [run.id])}>{runTitle(t, run)}</a>
                    {run.jobName !== run.destinationName && (
                      <div className="hf-quiet">
                        {arrowOf(run)} {run.destinationName}
                      </div>
                    )}
                  </td>
                  <td>
                    <When at={run.startedAt} as="stamp" />
                  </td>
                  <td className="hf-number">
                    <Duration ms={durationOf(run, now)} />
                  </td>
                  <td className="hf-number">{amount === null ? '–' : <Bytes value={amount} />}</td>
                  <td>
                    <RunResult run={run} />
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </div>
      {runs.length > limit && (
        <Button variant="default" size="xs" mt="md" onClick={() => setLimit(limit + rowsAtOnce)}>
          {t('activity.older')}
        </Button>
      )}
    </>
  )
}

/** How it ended; damage that a check found weighs more than that the check was complete. */
export function RunResult({ run }: { run: Run }) {
  const { t } = useSpeech()
  if (leavesDamage(run)) {
    return <StateBadge state="danger" label={t('activity.outcome.damage')} />
  }
  return <RunBadge state={run.state} isPaused={run.pausedSince !== undefined} />
}
