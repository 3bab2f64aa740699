import { Button } from '@mantine/core'
import { useState } from 'react'
import type { Run } from '../../../../engine/contract/jobs.ts'
import { hrefOf } from '../../app/routes.ts'
import { ErrorNote, Note } from '../../components/Note.tsx'
import { Card } from '../../components/Page.tsx'
import { ProgressLine } from '../../components/ProgressLine.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import type { Protection } from '../../theme/tokens.ts'
import { Problems } from '../activity/Outcome.tsx'
import { extractOf } from './wording.ts'

type EndState = Exclude<Run['state'], 'running'>

const tones: Record<EndState, Protection> = {
  complete: 'protected',
  incomplete: 'attention',
  failed: 'danger',
  cancelled: 'none',
  interrupted: 'attention',
}

/** Files that are being copied out of a version, or were. */
export function ExtractRun({ run }: { run: Run }) {
  return run.state === 'running' ? <UnderWay run={run} /> : <Ended run={run} state={run.state} />
}

function UnderWay({ run }: { run: Run }) {
  const { t, format } = useSpeech()
  const outcome = extractOf(run)
  return (
    <Card>
      <div className="hfr-run">
        {outcome && (
          <p className="hfv-flush hf-wrap">
            {t('files.run.to', {
              name: outcome.versionName,
              when: `${format.day(outcome.versionDate)}, ${format.time(outcome.versionDate)}`,
              target: outcome.target,
            })}
          </p>
        )}
        <ProgressLine run={run} />
        <p className="hfv-flush hf-quiet hf-small">{t('files.run.leave')}</p>
      </div>
    </Card>
  )
}

function Ended({ run, state }: { run: Run; state: EndState }) {
  const { t, format } = useSpeech()
  const outcome = extractOf(run)
  const [copied, setCopied] = useState<boolean | null>(null)
  const copy = (text: string) => {
    navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      () => setCopied(false),
    )
  }
  const isThere = outcome !== null && outcome.entries > 0
  const isWhole = state === 'complete' || state === 'incomplete'
  return (
    <>
      <Note tone={tones[state]} title={t(`files.end.${state}`)} urgent>
        {isThere && (
          <div className="hf-wrap">
            {isWhole
              ? t('files.end.completeText', {
                  count: outcome.entries,
                  bytes: format.bytes(outcome.bytes),
                  target: outcome.target,
                })
              : t('files.end.partText', { target: outcome.target })}
          </div>
        )}
      </Note>
      {(state === 'failed' || state === 'interrupted') && <ErrorNote error={run.error} />}
      {outcome && <Problems outcome={outcome} />}
      {outcome && (
        <div className="hfv-line">
          {isThere && (
            <Button variant="default" onClick={() => copy(outcome.target)}>
              {t('files.end.copyPath')}
            </Button>
          )}
          <Button component="a" variant="default" href={hrefOf('files', [run.destination, outcome.version])}>
            {t('files.end.again')}
          </Button>
          <span className="hf-small" role="status">
            {copied === null ? '' : copied ? t('files.end.copied') : t('files.end.notCopied')}
          </span>
        </div>
      )}
    </>
  )
}
