import { Button } from '@mantine/core'
import { useState } from 'react'
import type { Run } from '../../../../engine/contract/jobs.ts'
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx'
import { CheckIcon } from '../../components/icons.tsx'
import { Card } from '../../components/Page.tsx'
import { PauseButton } from '../../components/PauseButton.tsx'
import { runTitle, shareDone } from '../../components/ProgressLine.tsx'
import { calmSeconds } from '../../components/progressWords.ts'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { useHouse } from '../../state/context.ts'
import { isDeviceTarget, outcomeOf, phaseOf, restorePhases } from './wording.ts'

/** How far a restore is, and the ways to hold it and to stop it, which asks first. */
export function RunUnderWay({ run, willVerify }: { run: Run; willVerify: boolean }) {
  const { t, format } = useSpeech()
  const progress = useHouse(house => house.progress[run.id])
  const cancel = useCall('runs.cancel')
  const [isAsking, setIsAsking] = useState(false)
  const outcome = outcomeOf(run)
  const target = outcome?.target ?? run.jobName
  const share = shareDone(progress)
  const isPaused = run.pausedSince !== undefined
  const at = restorePhases.indexOf(phaseOf(progress?.phase ?? run.phase))
  // Whether it reads back is known from the address only, until it does.
  const steps = restorePhases.filter((phase, i) => phase !== 'verify' || willVerify || i === at)
  return (
    <Card>
      <div className="hfr-run">
        {outcome && (
          <p className="hfv-flush hf-wrap">
            {t('restore.run.to', {
              name: outcome.versionName,
              when: `${format.day(outcome.versionDate)}, ${format.time(outcome.versionDate)}`,
              target,
            })}
          </p>
        )}
        <ol className="hfr-steps" aria-label={t('restore.run.phases')} aria-live="polite">
          {steps.map((phase, i) => (
            <li key={phase} aria-current={i === at ? 'step' : undefined} data-done={i < at || undefined}>
              <span className="hfr-step-sign" aria-hidden="true">
                {i < at ? <CheckIcon size={18} /> : i + 1}
              </span>
              {t(`restore.run.phase.${phase}`)}
            </li>
          ))}
        </ol>
        <div>
          <div
            className="hf-progress-bar"
            data-paused={isPaused || undefined}
            role="progressbar"
            aria-label={t('restore.run.label')}
            aria-valuemin={0}
            aria-valuemax={100}
            {...(share === null ? { 'data-unknown': '' } : { 'aria-valuenow': Math.floor(share * 100) })}
          >
            <div style={share === null ? undefined : { width: `${share * 100}%` }} />
          </div>
          <div className="hf-progress-row">
            {isPaused && <strong>{t('run.paused')}</strong>}
            {share !== null && <strong>{format.percent(Math.floor(share * 100) / 100)}</strong>}
            {progress?.totalBytes !== undefined && (
              <span>
                {t('progress.bytes', {
                  done: format.bytes(progress.doneBytes),
                  total: format.bytes(progress.totalBytes),
                })}
              </span>
            )}
            {!isPaused && progress?.bytesPerSecond !== undefined && (
              <span>{format.speed(progress.bytesPerSecond)}</span>
            )}
            {!isPaused && progress?.secondsLeft !== undefined && (
              <span>{t('progress.left', { time: format.duration(calmSeconds(progress.secondsLeft) * 1000) })}</span>
            )}
          </div>
        </div>
        {!isPaused && <p className="hfv-flush hf-quiet hf-small">{t('restore.run.leave')}</p>}
        <div className="hfr-run-buttons">
          <PauseButton run={run} title={runTitle(t, run)} />
          <Button variant="default" onClick={() => setIsAsking(true)}>
            {t('restore.stop')}
          </Button>
        </div>
      </div>
      <ConfirmDialog
        opened={isAsking}
        dangerous
        title={t('restore.stop.title')}
        confirm={t('restore.stop.confirm')}
        cancel={t('restore.stop.goOn')}
        busy={cancel.busy}
        error={cancel.error}
        onConfirm={() => void cancel.call({ run: run.id })}
        onCancel={() => {
          setIsAsking(false)
          cancel.clear()
        }}
      >
        <p className="hfv-flush hf-wrap">
          {isDeviceTarget(target) ? t('restore.stop.disk', { target }) : t('restore.stop.file', { target })}
        </p>
      </ConfirmDialog>
    </Card>
  )
}
