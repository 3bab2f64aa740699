import type { ErrorCode } from '../contract/errors.ts'

/**
 * How jobs fare, as the helper knows it: what everything in this folder is told. Times are milliseconds since 1970 UTC.
 */

/** How a job stands apart from what it is doing now: never run, last run good, last run failed, paused by a person. */
export const healthStates = ['new', 'ok', 'failed', 'paused'] as const
export type HealthState = (typeof healthStates)[number]

export interface JobFailure {
  /** The first failed run after the last good one; stays the same until a run succeeds. */
  since: number
  /** Id of the run that failed last. */
  run: string | null
  /** Failed runs since then. */
  attempts: number
  code: ErrorCode
  message: string
  advice?: string
}

/** A hook that failed where that does not stop the run. */
export interface HookFailure {
  hook: string
  moment: string
  at: number
  /** What was wrong, in a few words. */
  reason: string
}

export interface JobHealth {
  id: string
  name: string
  state: HealthState
  /** End of the newest successful run. */
  lastSuccess: number | null
  /** Present from the first failed run until a run succeeds. */
  failure?: JobFailure
  /** Present while the newest good backup is older than the schedule allows; `since` is when it became so. */
  overdue?: { since: number }
  running?: { run: string; since: number }
  /** The drive that a due run waits for. */
  waitingFor?: { drive: string; since: number; lastSeen: number | null }
  /** Present while versions of the job are known to be damaged; `since` is when a scrub found it. */
  damaged?: { since: number; repository: string; versions: number; blocks: number }
  /** Hooks that failed in the newest finished run. */
  hookFailures?: readonly HookFailure[]
  /** Figures of the newest successful run. */
  lastRun?: { durationMs: number; readBytes: number; storedBytes: number }
  /** Whatever else a person should look at, one sentence each. */
  problems: readonly string[]
}

/** What the helper last wrote about itself. */
export interface HelperState {
  writtenAt: number
  jobs: readonly JobHealth[]
}
