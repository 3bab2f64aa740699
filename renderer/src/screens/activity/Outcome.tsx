import type { Run, RunOutcome } from '../../../../engine/contract/jobs.ts'
import { hrefOf } from '../../app/routes.ts'
import { Facts } from '../../components/Facts.tsx'
import { Note } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { Bytes, When } from '../../components/values.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'

/** What a restore, a check or making room has come to. */
export function Outcome({ run }: { run: Run }) {
  const { t } = useSpeech()
  if (run.outcome === null) return null
  return (
    <Card title={t('activity.outcome')}>
      {run.outcome.kind === 'restore' && <Restored outcome={run.outcome} destination={run.destination} />}
      {run.outcome.kind === 'scrub' && <Checked outcome={run.outcome} destination={run.destination} />}
      {run.outcome.kind === 'prune' && <Freed outcome={run.outcome} />}
    </Card>
  )
}

type Of<Kind extends RunOutcome['kind']> = Extract<RunOutcome, { kind: Kind }>

function Restored({ outcome, destination }: { outcome: Of<'restore'>; destination: string }) {
  const { t, format } = useSpeech()
  return (
    <>
      <Facts
        facts={[
          [
            t('activity.outcome.version'),
            <a key="0" href={hrefOf('versions', [destination, outcome.version])}>
              {outcome.versionName}, <When at={outcome.versionDate} />
            </a>,
          ],
          [t('activity.outcome.target'), outcome.target],
          [t('activity.outcome.written'), <Bytes key="2" value={outcome.writtenBytes} />],
          [t('activity.outcome.skipped'), <Bytes key="3" value={outcome.skippedBytes} />],
          [t('activity.outcome.verified'), outcome.verified ? t('activity.outcome.yes') : t('activity.outcome.no')],
        ]}
      />
      {outcome.damaged.length > 0 && (
        <Note tone="danger">
          {t('activity.outcome.notRestored', {
            count: outcome.damaged.length,
            size: format.bytes(outcome.damaged.reduce((sum, { length }) => sum + length, 0)),
          })}
        </Note>
      )}
    </>
  )
}

function Checked({ outcome, destination }: { outcome: Of<'scrub'>; destination: string }) {
  const { t } = useSpeech()
  return (
    <>
      <Facts
        facts={[
          [t('activity.outcome.depth'), t(`activity.outcome.${outcome.depth}`)],
          [t('activity.outcome.checked'), <Bytes key="1" value={outcome.checkedBytes} />],
          [
            t('activity.outcome.damage'),
            outcome.damagedCount === 0
              ? t('activity.outcome.noDamage')
              : t('activity.outcome.damaged', { count: outcome.damagedCount }),
          ],
        ]}
      />
      {outcome.damaged.length > 0 && (
        <ul className="hf-activity-remarks">
          {outcome.damaged.map(({ reason, versions }, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: findings have no names of their own and never move
            <li key={i} className="hf-wrap">
              {reason}{' '}
              <span className="hf-quiet">
                ({t('activity.outcome.affects', { count: versions.length })}
                {versions.slice(0, 5).map(version => (
                  <span key={version}>
                    {' · '}
                    <a href={hrefOf('versions', [destination, version])}>{version.slice(0, 8)}</a>
                  </span>
                ))}
                )
              </span>
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

function Freed({ outcome }: { outcome: Of<'prune'> }) {
  const { t, format } = useSpeech()
  return (
    <>
      <Facts facts={[[t('activity.outcome.freed'), <Bytes key="0" value={outcome.freedBytes} />]]} />
      {outcome.waitingFor.length > 0 && (
        <p className="hf-quiet hf-small hf-wrap">
          {t('activity.outcome.waitingFor', { names: format.list(outcome.waitingFor) })}
        </p>
      )}
    </>
  )
}
