import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import type { WireError } from '../../../../engine/contract/errors.ts'
import type { Run } from '../../../../engine/contract/jobs.ts'
import { hrefOf } from '../../app/routes.ts'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { Bytes, Duration } from '../../components/values.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import type { Protection } from '../../theme/tokens.ts'
import { isDeviceTarget, outcomeOf, type RestoreOutcome } from './wording.ts'

type EndState = Exclude<Run['state'], 'running'>

const tones: Record<EndState, Protection> = {
  complete: 'protected',
  incomplete: 'attention',
  failed: 'danger',
  cancelled: 'none',
  interrupted: 'attention',
}

/** What became of a restore, and what to do now. */
export function RunEnded({ run }: { run: Run }) {
  const { t, format } = useSpeech()
  const state = run.state as EndState
  const outcome = outcomeOf(run)
  const isWritten = state === 'complete' || state === 'incomplete'
  return (
    <>
      <Note tone={tones[state]} title={t(`restore.end.${state}`)} urgent>
        {outcome && (
          <div className="hf-wrap">
            {state === 'complete' && (
              <>
                {t('restore.end.completeText', {
                  target: outcome.target,
                  name: outcome.versionName,
                  when: `${format.day(outcome.versionDate)}, ${format.time(outcome.versionDate)}`,
                })}{' '}
                {outcome.verified ? t('restore.end.verified') : t('restore.end.unverified')}
              </>
            )}
            {state === 'incomplete' &&
              t('restore.end.incompleteText', {
                count: outcome.damaged.length,
                bytes: format.bytes(outcome.damaged.reduce((sum, { length }) => sum + length, 0)),
              })}
            {!isWritten &&
              (isDeviceTarget(outcome.target)
                ? // Nothing was written when the first byte never came.
                  outcome.writtenBytes > 0 && t('restore.end.unusable', { target: outcome.target })
                : t('restore.end.noFile'))}
          </div>
        )}
      </Note>
      {!isWritten && state !== 'cancelled' && <ErrorNote error={run.error as WireError | null} />}
      {outcome && isWritten && <Figures run={run} outcome={outcome} />}
      {outcome && outcome.damaged.length > 0 && <Damaged ranges={outcome.damaged} />}
      {outcome && isWritten && <NextSteps outcome={outcome} />}
      {run.warnings.length > 0 && (
        <Note tone="attention" title={t('restore.warningsOfRun')}>
          <ul className="hfv-plain">
            {run.warnings.map(text => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </Note>
      )}
      {outcome && !isWritten && (
        <div>
          <Button
            component="a"
            href={hrefOf('restore', ['disk'], { destination: run.destination, version: outcome.version })}
          >
            {t('restore.startAgain')}
          </Button>
        </div>
      )}
    </>
  )
}

function Figures({ run, outcome }: { run: Run; outcome: RestoreOutcome }) {
  const { t } = useSpeech()
  const facts: [string, ReactNode][] = [
    [t('restore.end.written'), <Bytes key="written" value={outcome.writtenBytes} />],
    ...(outcome.skippedBytes > 0
      ? [[t('restore.end.skipped'), <Bytes key="skipped" value={outcome.skippedBytes} />] as [string, ReactNode]]
      : []),
    ...(run.finishedAt === null
      ? []
      : [
          [
            t('restore.end.took'),
            <Duration key="took" ms={Date.parse(run.finishedAt) - Date.parse(run.startedAt)} />,
          ] as [string, ReactNode],
        ]),
  ]
  return (
    <dl className="hfr-figures">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function NextSteps({ outcome }: { outcome: RestoreOutcome }) {
  const { t } = useSpeech()
  const steps = isDeviceTarget(outcome.target)
    ? (['start', 'twins', 'open', 'mount', 'backUp'] as const)
    : (['file'] as const)
  return (
    <Card title={t('restore.end.next')}>
      <ul className="hfv-plain">
        {steps.map(step => (
          <li key={step}>{t(`restore.next.${step}`)}</li>
        ))}
      </ul>
    </Card>
  )
}

const rangesShown = 200

function Damaged({ ranges }: { ranges: RestoreOutcome['damaged'] }) {
  const { t, format } = useSpeech()
  return (
    <Card title={t('restore.damaged')}>
      <p className="hf-quiet hf-small hfv-flush">{t('restore.damaged.text')}</p>
      <div className="hfr-damaged">
        <table className="hf-table">
          <caption className="hf-hidden">{t('restore.damaged')}</caption>
          <thead>
            <tr>
              <th scope="col" className="hf-number">
                {t('restore.damaged.offset')}
              </th>
              <th scope="col" className="hf-number">
                {t('restore.damaged.length')}
              </th>
            </tr>
          </thead>
          <tbody>
            {ranges.slice(0, rangesShown).map(({ offset, length }) => (
              <tr key={offset}>
                <td className="hf-number" title={format.number(offset)}>
                  {format.bytes(offset)}
                </td>
                <td className="hf-number">{format.bytes(length)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {ranges.length > rangesShown && (
        <p className="hf-quiet hf-small">{t('restore.damaged.more', { count: ranges.length - rangesShown })}</p>
      )}
    </Card>
  )
}
