import type { Run, RunState } from '../contract/jobs.ts'
import type { RunOutcome } from '../scheduler/facts.ts'

/** What earlier runs of a job to one destination mean for the next. Instants are milliseconds since 1970 UTC. */
export interface History {
  /** Beginning of the last run that did what it could. */
  lastSuccess: number | null
  lastAttempt: { startedAt: number; endedAt: number | null; outcome: RunOutcome } | null
  consecutiveFailures: number
  /** Beginning of the first of these failures. */
  failingSince: number | null
  /** Of the last run that did what it could. */
  lastDurationMs: number | null
  lastGood: Run | null
  /** Beginning of the first of the newest runs in a row that knew of damaged versions; null when the last knew of none. */
  damagedSince: number | null
}

/**
 * The history in runs that ended, newest first. A version with unreadable parts counts as done: trying again at once would
 * read the same bad sectors again. A run whose drive or network was not there is no failure that would keep the next one waiting.
 */
export function historyOf(runs: readonly Run[]): History {
  const last = runs[0]
  const success = runs.find(run => outcomeOf(run) === 'complete')
  const since = success ? runs.slice(0, runs.indexOf(success)) : runs
  const failures = since.filter(run => outcomeOf(run) === 'failed' && !lackedPlace(run))
  return {
    lastSuccess: newest(runs.filter(run => outcomeOf(run) === 'complete').map(reachOf)),
    lastAttempt: last
      ? { startedAt: Date.parse(last.startedAt), endedAt: endOf(last), outcome: outcomeOf(last) }
      : null,
    consecutiveFailures: failures.length,
    failingSince: failures.length === 0 ? null : Date.parse(failures.at(-1)!.startedAt),
    lastDurationMs: success ? (endOf(success) ?? 0) - Date.parse(success.startedAt) : null,
    lastGood: success ?? null,
    damagedSince: damagedSince(runs),
  }
}

/** The moment that a run served: what a copy has brought may be older than the run. */
function reachOf({ kind, startedAt, outcome }: Run): number | null {
  if (kind !== 'copy') return Date.parse(startedAt)
  return outcome?.kind === 'copy' && outcome.reachesTo !== null ? Date.parse(outcome.reachesTo) : null
}

function newest(times: readonly (number | null)[]): number | null {
  const known = times.filter(time => time !== null)
  return known.length === 0 ? null : Math.max(...known)
}

const outcomes: Record<Exclude<RunState, 'incomplete'>, RunOutcome> = {
  // Of another process that is still at it; there is none, or it would be asked.
  running: 'interrupted',
  complete: 'complete',
  failed: 'failed',
  cancelled: 'cancelled',
  interrupted: 'interrupted',
}

export function outcomeOf({ state, parts }: Pick<Run, 'state' | 'parts'>): RunOutcome {
  if (state !== 'incomplete') return outcomes[state]
  return parts.every(part => part.version !== null) ? 'complete' : 'failed'
}

function damagedSince(runs: readonly Run[]): number | null {
  // A run that could not look says nothing.
  const looked = runs.filter(run => run.parts.some(part => part.version !== null))
  const sound = looked.findIndex(run => run.damagedVersions === 0)
  const damaged = sound < 0 ? looked : looked.slice(0, sound)
  return damaged.length === 0 ? null : Date.parse(damaged.at(-1)!.startedAt)
}

const endOf = (run: Run): number | null => (run.finishedAt === null ? null : Date.parse(run.finishedAt))
/** Its drive was not there, or the network was not: it is waited for. */
export const lackedPlace = (run: Run): boolean =>
  run.error?.code === 'storage.driveNotConnected' || run.error?.code === 'storage.unreachable'
