import type { QuietHours, Schedule } from '../contract/schedule.ts'

/**
 * All that decides whether a job runs. A job with several destinations asks once for each of them. Instants are
 * milliseconds since 1970 UTC.
 */
export interface JobFacts {
  jobId: string
  /** null: only on request. */
  schedule: Schedule | null
  /**
   * When the job was created or its schedule last changed. Times before that are not missed: a new job waits for its
   * next time.
   */
  scheduledSince: number
  /** Do not wait for the next time: a job that never ran runs at the first chance. */
  firstRunAtOnce: boolean
  /** Start of the last run that reached its end. */
  lastSuccess: number | null
  /** The last run of any kind; `endedAt` is null when nobody saw it end. */
  lastAttempt: { startedAt: number; endedAt: number | null; outcome: RunOutcome } | null
  /** Failures since the last success. A drive that was taken away need not count as one. */
  consecutiveFailures: number
  /** null: not paused; Infinity: until somebody resumes it. */
  pausedUntil: number | null
  /** When somebody asked for a run that has not begun; null when nobody did. */
  requestedAt: number | null
  running: boolean
  /** ClockMemory.setBackAt. Without it, a stamp in the future holds the job back until that time has come. */
  clockSetBackAt: number | null
  /** The destination is on this computer, so that the network does not matter. */
  localDestination: boolean
  /** The drive that the destination is on; null when it cannot be taken away, which counts as always connected. */
  drive: { label: string; connected: boolean; lastSeen: number | null } | null
  /** The destination is in the network and did not answer; when it is tried again. null or missing: it did, or was not asked. */
  offline?: { label: string; retryAt: number } | null
  power: { onBattery: boolean; runOnBattery: boolean }
  network: { metered: boolean; runOnMetered: boolean }
  quietHours: readonly QuietHours[]
  /** Date of the oldest version that could be copied here from another destination of the job; null or missing when there is none. */
  lackingSince?: number | null
  /** Those that have it are in the network and did not answer; which is tried again first, and when. null or missing: one can be reached. */
  originOffline?: { label: string; retryAt: number } | null
}

export type RunOutcome = 'complete' | 'failed' | 'cancelled' | 'interrupted'
