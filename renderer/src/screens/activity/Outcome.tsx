import type { ReactNode } from 'react'
import type { Run, RunOutcome } from '../../../../engine/contract/jobs.ts'
import { hrefOf } from '../../app/routes.ts'
import { Facts } from '../../components/Facts.tsx'
import { healedWords, leavesDamage } from '../../components/healedWords.ts'
import { Note } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { Bytes, Count, When } from '../../components/values.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'

/** What a run that is no backup has come to. */
export function Outcome({ run }: { run: Run }) {
  const { t } = useSpeech()
  if (run.outcome === null) return null
  return (
    <Card title={t('activity.outcome')}>
      {run.outcome.kind === 'restore' && <Restored outcome={run.outcome} destination={run.destination} />}
      {run.outcome.kind === 'scrub' && (
        <Checked outcome={run.outcome} destination={run.destination} isWhole={!leavesDamage(run)} />
      )}
      {run.outcome.kind === 'prune' && <Freed outcome={run.outcome} />}
      {run.outcome.kind === 'extract' && <Extracted outcome={run.outcome} destination={run.destination} />}
      {run.outcome.kind === 'copy' && <Sent outcome={run.outcome} />}
      {run.outcome.kind === 'keep' && <Kept outcome={run.outcome} destination={run.destination} />}
    </Card>
  )
}

/** The name and the date of a version, which lead to it. */
function VersionLink(props: {
  destination: string
  version: string
  of: { versionName: string; versionDate: string }
}) {
  const { destination, version, of } = props
  return (
    <a href={hrefOf('versions', [destination, version])}>
      {of.versionName}, <When at={of.versionDate} />
    </a>
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
            <VersionLink key="0" destination={destination} version={outcome.version} of={outcome} />,
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

function Checked({ outcome, destination, isWhole }: { outcome: Of<'scrub'>; destination: string; isWhole: boolean }) {
  const speech = useSpeech()
  const { t } = speech
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
              : t(isWhole ? 'activity.outcome.found' : 'activity.outcome.damaged', {
                  count: outcome.damagedCount,
                }),
          ],
          [t('activity.outcome.healed'), healedWords(speech, outcome)],
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

function Extracted({ outcome, destination }: { outcome: Of<'extract'>; destination: string }) {
  const { t } = useSpeech()
  return (
    <>
      <Facts
        facts={[
          [
            t('activity.outcome.version'),
            <VersionLink key="0" destination={destination} version={outcome.version} of={outcome} />,
          ],
          [t('activity.outcome.folder'), outcome.target],
          [t('activity.outcome.entries'), <Count key="2" value={outcome.entries} />],
          [t('activity.outcome.copied'), <Bytes key="3" value={outcome.bytes} />],
          [
            t('activity.outcome.replaced'),
            outcome.replacedCount > 0 && <Count key="4" value={outcome.replacedCount} />,
          ],
        ]}
      />
      <Problems outcome={outcome} />
    </>
  )
}

function Remarks({ texts, children }: { texts: readonly string[]; children?: ReactNode }) {
  return (
    <ul className="hf-activity-remarks">
      {texts.map(text => (
        <li key={text} className="hf-wrap">
          {text}
        </li>
      ))}
      {children}
    </ul>
  )
}

/** What of files could not be copied. */
export function Problems({ outcome }: { outcome: Of<'extract'> }) {
  const { t } = useSpeech()
  const { problems, problemCount } = outcome
  if (problemCount === 0) return null
  return (
    <Note tone="attention" title={t('activity.outcome.problems', { count: problemCount })}>
      <Remarks texts={problems}>
        {problemCount > problems.length && (
          <li>{t('activity.outcome.moreProblems', { count: problemCount - problems.length })}</li>
        )}
      </Remarks>
    </Note>
  )
}

function Sent({ outcome }: { outcome: Of<'copy'> }) {
  const { t } = useSpeech()
  const { copied, storedBytes, reachesTo, failed, failedCount } = outcome
  return (
    <>
      <Facts
        facts={[
          [t('activity.outcome.versions'), <Count key="0" value={copied} />],
          [t('activity.part.stored'), <Bytes key="1" value={storedBytes} />],
          [t('activity.outcome.reachesTo'), reachesTo !== null && <When key="2" at={reachesTo} />],
        ]}
      />
      {failedCount > 0 && (
        <Note tone="danger" title={t('activity.outcome.notCopied', { count: failedCount })}>
          <Remarks texts={failed} />
        </Note>
      )}
    </>
  )
}

function Kept({ outcome, destination }: { outcome: Of<'keep'>; destination: string }) {
  const { t } = useSpeech()
  return (
    <Facts
      facts={[
        [t('activity.outcome.of'), <VersionLink key="0" destination={destination} version={outcome.of} of={outcome} />],
        [
          t('activity.outcome.newVersion'),
          outcome.version === null ? (
            t('activity.outcome.notYet')
          ) : (
            <a key="1" href={hrefOf('versions', [destination, outcome.version])}>
              {t('activity.outcome.openNew')}
            </a>
          ),
        ],
        [t('activity.part.stored'), <Bytes key="2" value={outcome.storedBytes} />],
      ]}
    />
  )
}
