import { Button } from '@mantine/core'
import type { Run } from '../../../../engine/contract/jobs.ts'
import { hrefOf } from '../../app/routes.ts'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { fixOf } from '../../state/summary.ts'

/** Of a run that did not end well: what happened, what is still safe, what to do now. */
export function Trouble({ run }: { run: Run }) {
  const { t } = useSpeech()
  if (run.state === 'running' || run.state === 'complete') return null
  return (
    <Card title={t('activity.trouble.what')}>
      <div className="hf-activity-trouble">
        {run.error ? (
          <ErrorNote error={run.error} />
        ) : (
          <Note tone={run.state === 'cancelled' ? 'none' : 'attention'}>{t(`run.${run.state}`)}</Note>
        )}
        <h3>{t('activity.trouble.safe')}</h3>
        <p>{t(`activity.safe.${run.kind}`)}</p>
        <h3>{t('activity.trouble.do')}</h3>
        <WayOut run={run} />
      </div>
    </Card>
  )
}

function WayOut({ run }: { run: Run }) {
  const { t } = useSpeech()
  const backup = useCall('jobs.run')
  const scrub = useCall('scrubs.start')
  const prune = useCall('prunes.start')
  const copy = useCall('destinations.copyMissing')
  const { destination, job } = run
  const fix = fixOf(run.error?.code)
  const again = () => {
    if (run.kind === 'backup' && job !== null) void backup.call({ job, destinations: [destination] })
    if (run.kind === 'scrub') {
      const depth = run.outcome?.kind === 'scrub' ? run.outcome.depth : 'deep'
      void scrub.call({ destination, depth })
    }
    if (run.kind === 'prune') void prune.call({ destination })
    if (run.kind === 'copy') void copy.call({ to: destination })
  }
  const elsewhere = elsewhereOf(run)
  const word = againWord(run)
  return (
    <>
      <div className="hf-activity-buttons">
        {fix === 'destinations' && (
          <Button component="a" size="xs" href={hrefOf('destinations', [destination])}>
            {t('activity.do.destinations')}
          </Button>
        )}
        {fix === 'health' && (
          <Button component="a" size="xs" href={hrefOf('health')}>
            {t('activity.do.health')}
          </Button>
        )}
        {elsewhere && (
          <Button component="a" size="xs" href={elsewhere.href}>
            {t(elsewhere.word)}
          </Button>
        )}
        {word && (
          <Button
            size="xs"
            variant={fix === 'run' || fix === 'resume' ? 'filled' : 'default'}
            loading={backup.busy || scrub.busy || prune.busy || copy.busy}
            onClick={again}
          >
            {t(word)}
          </Button>
        )}
      </div>
      <ErrorNote error={backup.error ?? scrub.error ?? prune.error ?? copy.error} />
    </>
  )
}

/** What is begun again with one click. */
function againWord({ kind, job }: Run) {
  if (kind === 'backup') return job === null ? undefined : 'activity.do.again'
  if (kind === 'scrub') return 'activity.do.check'
  if (kind === 'prune') return 'activity.do.prune'
  return kind === 'copy' ? 'activity.do.copy' : undefined
}

/** Where something is begun again that wants more than one click. */
function elsewhereOf({ kind, destination, outcome }: Run) {
  if (kind === 'restore') return { href: hrefOf('restore'), word: 'activity.do.restore' } as const
  if (kind === 'keep') return { href: hrefOf('attached'), word: 'activity.do.copies' } as const
  if (kind !== 'extract') return undefined
  const version = outcome?.kind === 'extract' ? [destination, outcome.version] : []
  return { href: hrefOf('files', version), word: 'activity.do.files' } as const
}
