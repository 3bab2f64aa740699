import { pausableKinds, type Run, type RunProgress } from '../../../engine/contract/jobs.ts'
import type { Speech } from '../i18n/language.ts'

/** What is told of a run under way, in words. Pure. */

type Speeds = Pick<RunProgress, 'bytesPerSecond' | 'sentBytesPerSecond'>

/** How fast it goes: apart for the disk and the network where that says something. Undefined while nothing can be said. */
export function speedWords({ t, format }: Speech, { bytesPerSecond, sentBytesPerSecond }: Speeds): string | undefined {
  if (sentBytesPerSecond === undefined) return bytesPerSecond === undefined ? undefined : format.speed(bytesPerSecond)
  const sent = format.speed(sentBytesPerSecond)
  return bytesPerSecond === undefined
    ? t('progress.sending', { sent })
    : t('progress.readingSending', { read: format.speed(bytesPerSecond), sent })
}

/** Whole minutes from one and a half on: nobody can foretell seconds, and a number that jumps says less. */
export const calmSeconds = (seconds: number): number =>
  seconds < 90 ? Math.ceil(seconds) : Math.ceil(seconds / 60) * 60

export const isPausable = ({ kind }: Pick<Run, 'kind'>): boolean => pausableKinds.includes(kind)

/** What people should know of a run that is paused, besides that it is. */
export function pausedNote({ t }: Speech, run: Pick<Run, 'pausedSince' | 'holdsSnapshot'>): string | undefined {
  return run.pausedSince !== undefined && run.holdsSnapshot ? t('progress.pausedSnapshot') : undefined
}
