import type { Run, RunProgress } from '../../../engine/contract/jobs.ts'
import { phases } from '../../../engine/contract/progress.ts'
import type { Say } from '../i18n/language.ts'
import { useSpeech } from '../i18n/useSpeech.ts'
import { useHouse } from '../state/context.ts'
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

/** Whole minutes from one and a half on: nobody can foretell seconds, and a number that jumps says less. */
const calmSeconds = (seconds: number): number => (seconds < 90 ? Math.ceil(seconds) : Math.ceil(seconds / 60) * 60)

/** A run under way: what it does, how far it is, how fast, how long still; and the way to stop it. */
export function ProgressLine({ run }: { run: Run }) {
  const { t, format } = useSpeech()
  const progress = useHouse(house => house.progress[run.id])
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
        <StopButton run={run} title={title} />
      </div>
      <div
        className="hf-progress-bar"
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
          {phaseText(t, phase)}
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
        {progress?.bytesPerSecond !== undefined && <span>{format.speed(progress.bytesPerSecond)}</span>}
        {progress?.storedBytes !== undefined && progress.storedBytes > 0 && (
          <span>{t('progress.stored', { size: format.bytes(progress.storedBytes) })}</span>
        )}
        {progress?.secondsLeft !== undefined && (
          <span>{t('progress.left', { time: format.duration(calmSeconds(progress.secondsLeft) * 1000) })}</span>
        )}
      </div>
    </div>
  )
}
