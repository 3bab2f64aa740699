import { Button } from '@mantine/core'
import { useState } from 'react'
import type { JobView } from '../../../../engine/contract/helperContract.ts'
import { hrefOf } from '../../app/routes.ts'
import { PauseIcon, RunIcon } from '../../components/icons.tsx'
import { ErrorNote } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { StateBadge } from '../../components/StateBadge.tsx'
import { When } from '../../components/values.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { isAwaited, jobProtection, severity } from '../../state/protection.ts'

const shownFirst = 6

/** Every backup with each of its places, those that need attention first. */
export function Jobs({ jobs }: { jobs: readonly JobView[] }) {
  const { t } = useSpeech()
  const [isAll, setIsAll] = useState(false)
  const sorted = jobs.toSorted((a, b) => severity.indexOf(jobProtection(a)) - severity.indexOf(jobProtection(b)))
  const shown = isAll ? sorted : sorted.slice(0, shownFirst)
  return (
    <Card
      title={t('home.jobs')}
      actions={
        <Button component="a" href={hrefOf('wizard')} variant="default" size="xs">
          {t('home.addJob')}
        </Button>
      }
    >
      <ul className="hf-plain-list hf-jobs">
        {shown.map(view => (
          <JobRow key={view.job.id} view={view} />
        ))}
      </ul>
      {shown.length < jobs.length && (
        <Button variant="subtle" size="xs" mt="sm" onClick={() => setIsAll(true)}>
          {t('home.showAll', { count: jobs.length })}
        </Button>
      )}
    </Card>
  )
}

function JobRow({ view }: { view: JobView }) {
  const { t } = useSpeech()
  const run = useCall('jobs.run')
  const { job, standings } = view
  const isRunning = standings.some(standing => standing.run !== null)
  return (
    <li>
      <div className="hf-job">
        <div className="hf-job-words">
          <strong className="hf-wrap">{job.name}</strong>
          {standings.map(standing => (
            <div key={standing.destination} className="hf-quiet hf-small hf-wrap">
              {standing.destinationName}: <When at={standing.lastSuccessAt} />
              {standing.nextAt !== null && (
                <>
                  {' → '}
                  <When at={standing.nextAt} />
                </>
              )}
            </div>
          ))}
        </div>
        {isRunning ? (
          <StateBadge state="waiting" label={t('state.running')} sign={RunIcon} />
        ) : job.pausedUntil !== null ? (
          <StateBadge state="waiting" label={t('state.paused')} sign={PauseIcon} />
        ) : standings.every(isAwaited) && jobProtection(view) === 'protected' ? (
          <StateBadge state="waiting" />
        ) : (
          <StateBadge state={jobProtection(view)} />
        )}
        <Button
          variant="default"
          size="xs"
          disabled={isRunning}
          loading={run.busy}
          aria-label={t('home.backUpThis', { name: job.name })}
          onClick={() => void run.call({ job: job.id })}
        >
          {t('home.backUpNow')}
        </Button>
      </div>
      <ErrorNote error={run.error} />
    </li>
  )
}
