import type { Run, RunProgress } from '../../../engine/contract/jobs.ts'
import { phases } from '../../../engine/contract/progress.ts'
import type { Say } from '../i18n/language.ts'
import { useSpeech } from '../i18n/useSpeech.ts'
import { useHouse } from '../state/context.ts'
import { PauseButton } from './PauseButton.tsx'
import { calmSeconds, isPausable, pausedNote, speedWords } from './progressWords.ts'
import { StopButton } from './StopButton.tsx'

const knownPhases: readonly string[] = [...phases, 'hook', 'retention', 'waiting']
type KnownPhase = (typeof phases)[number] | 'hook' | 'retention' | 'waiting'

/** A phase in words; one of a newer helper as it is. */
export const phaseText = (t: Say, phase: string): string =>
  knownPhases.includes(phase) ? t(`phase.${phase as KnownPhase}`) : phase

/** What a run is, in words. */
export const runTitle = (t: Say, run: Run): string => t(`run.kind.${run.kind}`, { name: run.jobName })

/** Whether data goes to the destination of a run or comes from it. */
export const arrowOf = ({ kind }: Run): string => (kind === 'restore' || kind === 'extract' ? '←' : '→')

/** From 0 to 1; null while it cannot be told. */
export const shareDone = (progress: RunProgress | undefined): number | null =>
  progress?.totalBytes === undefined || progress.totalBytes === 0
    ? null
    : Math.min(1, progress.doneBytes / progress.totalBytes)

/** A run under way: what it does, how far it is, how fast, how long still; and the ways to hold and to stop it. */
export function ProgressLine({ run }: { run: Run }) {
  const speech = useSpeech()
  const { t, format } = speech
  const progress = useHouse(house => house.progress[run.id])
  const isPaused = run.pausedSince !== undefined
  const speed = progress && speedWords(speech, progress)
  const note = pausedNote(speech, run)
  const share = shareDone(progress)
  const title = runTitle(t, run)
  const phase = progress?.phase ?? run.phase ?? 'waiting'
  const source = progress?.source ?? null
  return (
    <div>
      <div className="hf-progress-head">
        <div className="hf-progress-row">
          <strong className="hf-wrap">{title}</strong>
          <span>
            {arrowOf(run)} {run.destinationName}
          </span>
        </div>
        {isPausable(run) && <PauseButton run={run} title={title} size="xs" />}
        <StopButton run={run} title={title} />
      </div>
      <div
        className="hf-progress-bar"
        data-paused={isPaused || undefined}
        role="progressbar"
        aria-label={t('progress.label', { name: title })}
        aria-valuemin={0}
        aria-valuemax={100}
        {...(share === null ? { 'data-unknown': '' } : { 'aria-valuenow': Math.floor(share * 100) })}
      >
        <div style={share === null ? undefined : { width: `${share * 100}%` }} />
      </div>
      <div className="hf-progress-row">
        <span>
          {isPaused ? <strong>{t('run.paused')}</strong> : phaseText(t, phase)}
          {source === null ? '' : `: ${source}`}
        </span>
        {progress && progress.doneBytes > 0 && (
          <span>
            {progress.totalBytes === undefined
              ? t('progress.unknownTotal', { done: format.bytes(progress.doneBytes) })
              : t('progress.bytes', {
                  done: format.bytes(progress.doneBytes),
                  total: format.bytes(progress.totalBytes),
                })}
          </span>
        )}
        {!isPaused && speed !== undefined && <span>{speed}</span>}
        {progress?.storedBytes !== undefined && progress.storedBytes > 0 && (
          <span>{t('progress.stored', { size: format.bytes(progress.storedBytes) })}</span>
        )}
        {!isPaused && progress?.secondsLeft !== undefined && (
          <span>{t('progress.left', { time: format.duration(calmSeconds(progress.secondsLeft) * 1000) })}</span>
        )}
      </div>
      {note !== undefined && <p className="hf-progress-note">{note}</p>}
    </div>
  )
}
