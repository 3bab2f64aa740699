import type { HookFailure, JobFailure } from './health.ts'

/**
 * What people and programs are told. Times are milliseconds since 1970 UTC. Each event speaks of one or more jobs that the
 * same thing happened to, so that a drive that fails under twenty jobs makes one message.
 */

interface AboutJob {
  id: string
  name: string
  /** True when this was told before and still holds. */
  reminder: boolean
  lastSuccess: number | null
}

interface EventAbout<Kind extends string, Job> {
  event: Kind
  at: number
  jobs: readonly (AboutJob & Job)[]
}

/** A run failed, for the first time since the last good one or for a new reason. */
export type RunFailedEvent = EventAbout<'run-failed', { failure: JobFailure }>
/** The newest good backup is older than the schedule allows. */
export type OverdueEvent = EventAbout<
  'overdue',
  {
    since: number
    /** Why, where it is known. */
    failure?: JobFailure
    waitingFor?: { drive: string; since: number; lastSeen: number | null }
  }
>
/** What was told before is over. */
export type RecoveredEvent = EventAbout<'recovered', { from: readonly RecoverableKind[]; since: number }>
/** A scrub found damage, or more than before. */
export type DamagedEvent = EventAbout<
  'damaged',
  { since: number; repository: string; versions: number; blocks: number }
>
/** A run has been waiting for its drive longer than it should. */
export type WaitingForDriveEvent = EventAbout<
  'waiting-for-drive',
  { since: number; drive: string; lastSeen: number | null }
>
/** Hooks failed in a run that went on. */
export type HookFailedEvent = EventAbout<'hook-failed', { hooks: readonly HookFailure[] }>

export type NoticeEvent =
  | RunFailedEvent
  | OverdueEvent
  | RecoveredEvent
  | DamagedEvent
  | WaitingForDriveEvent
  | HookFailedEvent

export const recoverableKinds = ['run-failed', 'overdue', 'damaged'] as const
export type RecoverableKind = (typeof recoverableKinds)[number]

/** True when everything in the event was told before. */
export const isReminder = (event: NoticeEvent): boolean => event.jobs.every(job => job.reminder)
