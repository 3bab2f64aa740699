import { Button } from '@mantine/core'
import type { DestinationView } from '../../../../engine/contract/helperContract.ts'
import type { Run } from '../../../../engine/contract/jobs.ts'
import { hrefOf } from '../../app/routes.ts'
import { healedWords, leavesDamage } from '../../components/healedWords.ts'
import { CheckIcon, DangerIcon, NoneIcon } from '../../components/icons.tsx'
import { ErrorNote } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { ProgressLine } from '../../components/ProgressLine.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { useHouse, useNow } from '../../state/context.ts'
import { useLastChecks } from './useLastChecks.ts'

/** Verifies each destination on request, and tells how it went the last time. */
export function Checks() {
  const { t } = useSpeech()
  const destinations = useHouse(house => house.destinations) ?? []
  const lastOf = useLastChecks()
  return (
    <Card title={t('health.checks')}>
      {destinations.length === 0 ? (
        <p className="hf-quiet hf-health-text">{t('health.checks.none')}</p>
      ) : (
        <>
          <p className="hf-quiet hf-health-text">{t('health.checks.text')}</p>
          <ul className="hf-plain-list hf-questions">
            {destinations.map(view => (
              <CheckOf key={view.destination.id} view={view} last={lastOf(view.destination.id)} />
            ))}
          </ul>
        </>
      )}
    </Card>
  )
}

function CheckOf({ view, last }: { view: DestinationView; last: Run | undefined }) {
  const { t } = useSpeech()
  const { id, name } = view.destination
  const running = useHouse(house => house.running?.find(run => run.kind === 'scrub' && run.destination === id))
  const scrub = useCall('scrubs.start')
  const isAway = view.state.state !== 'connected' && view.state.state !== 'present-unmounted'
  return (
    <li className="hf-check">
      {running ? (
        <ProgressLine run={running} />
      ) : (
        <div className="hf-question">
          <div className="hf-question-words">
            <h3>{name}</h3>
            <LastCheck run={last} />
            {last && (
              <a
                className="hf-small"
                href={hrefOf('activity', [last.id])}
                aria-label={t('health.checks.last', { name })}
              >
                {t('health.checks.log')}
              </a>
            )}
          </div>
          {isAway ? (
            <span className="hf-quiet hf-small">{t('health.checks.away')}</span>
          ) : (
            <Button
              size="xs"
              variant="default"
              loading={scrub.busy}
              aria-label={t('health.checks.verifyOf', { name })}
              onClick={() => void scrub.call({ destination: id, depth: 'deep' })}
            >
              {t('health.checks.verify')}
            </Button>
          )}
        </div>
      )}
      <ErrorNote error={scrub.error} />
    </li>
  )
}

function LastCheck({ run }: { run: Run | undefined }) {
  const speech = useSpeech()
  const { t, format } = speech
  const now = useNow()
  if (run?.outcome?.kind !== 'scrub') {
    return (
      <div className="hf-told hf-small hf-quiet">
        <NoneIcon size={16} />
        {t('health.checks.never')}
      </div>
    )
  }
  const { damagedCount, checkedBytes } = run.outcome
  const when = format.when(run.finishedAt ?? run.startedAt, now)
  const healed = healedWords(speech, run.outcome)
  const isWhole = !leavesDamage(run)
  return (
    <div className="hf-told hf-small" data-tone={isWhole ? 'protected' : 'danger'}>
      {isWhole ? <CheckIcon size={16} /> : <DangerIcon size={16} />}
      <span className="hf-wrap">
        {damagedCount === 0
          ? t('health.checks.good', { size: format.bytes(checkedBytes), when })
          : isWhole
            ? t('health.checks.healed', { when, healed: healed ?? '' })
            : [t('health.checks.damaged', { count: damagedCount, when }), healed].filter(Boolean).join(' ')}
      </span>
    </div>
  )
}
