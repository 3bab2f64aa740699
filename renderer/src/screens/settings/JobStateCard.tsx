import { Button, Menu } from '@mantine/core'
import type { JobView } from '../../../../engine/contract/helperContract.ts'
import { ErrorNote } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { When } from '../../components/values.tsx'
import { standingWords } from '../../i18n/told.ts'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { useClock, useNow } from '../../state/context.ts'
import { isAwaited } from '../../state/protection.ts'
import { JobBadge } from './JobList.tsx'
import { type Pause, pauses, pauseUntil } from './pause.ts'

/** How a job fares; run it, pause it, let it go on. */
export function JobStateCard({ view }: { view: JobView }) {
  const speech = useSpeech()
  const { t } = speech
  const now = useNow()
  const clock = useClock()
  const { job, standings } = view
  const run = useCall('jobs.run')
  const pause = useCall('jobs.pause')
  const resume = useCall('jobs.resume')
  const isRunning = standings.some(standing => standing.run !== null)
  const isAway = standings.every(isAwaited)
  const pauseFor = (length: Pause) => void pause.call({ job: job.id, until: pauseUntil(length, clock()) })
  return (
    <Card title={t('job.state')} actions={<JobBadge view={view} />}>
      <ul className="hf-plain-list hf-settings-standings">
        {standings.map(standing => (
          <li key={standing.destination} className="hf-wrap">
            {standing.destinationName}: <When at={standing.lastSuccessAt} />
            <div className="hf-quiet hf-small">{standingWords(speech, standing, now)}</div>
          </li>
        ))}
      </ul>
      <div className="hf-row">
        <Button size="xs" disabled={isRunning} loading={run.busy} onClick={() => void run.call({ job: job.id })}>
          {t('job.run')}
        </Button>
        {job.pausedUntil === null ? (
          <Menu position="bottom-start">
            <Menu.Target>
              <Button size="xs" variant="default" loading={pause.busy}>
                {t('job.pause')}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {pauses.map(length => (
                <Menu.Item key={length} onClick={() => pauseFor(length)}>
                  {t(`job.pause.${length}`)}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        ) : (
          <Button size="xs" variant="default" loading={resume.busy} onClick={() => void resume.call({ job: job.id })}>
            {t('job.resume')}
          </Button>
        )}
        <span role="status" className="hf-small hf-quiet">
          {run.value && isAway ? t('job.runWaits') : ''}
        </span>
      </div>
      <ErrorNote error={run.error ?? pause.error ?? resume.error} />
    </Card>
  )
}
