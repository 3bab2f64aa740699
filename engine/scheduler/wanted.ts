import { hourMs, minuteMs } from '../base/localTime.ts'
import type { Schedule } from '../contract/schedule.ts'
import { believable } from './clockMemory.ts'
import type { JobFacts } from './facts.ts'
import { nextTime, previousTime } from './times.ts'

/** A run that ought to happen now, whatever may stand in its way. */
export interface Wanted {
  why: 'firstRun' | 'time' | 'missed' | 'drive' | 'copies'
  /** Since when, milliseconds since 1970 UTC: the first time that nothing was done about, however many followed. */
  since: number
}

/** After so long, a time that nothing was done about counts as missed. */
const missedAfterMs = 15 * minuteMs

/**
 * What the schedule asks for at `now`, or null. However many times went by without a run, the answer is one run, and it
 * settles all times before its start.
 *
 * A run that somebody cancelled settles them too; one that failed or was interrupted does not. Nothing is wanted for times
 * before `scheduledSince`, except that a rule `drive` is due at once. If the clock was set back, the time that the last
 * run was for does not come again, and the next one does.
 */
export function wantedNow(facts: JobFacts, now: number): Wanted | null {
  if (facts.schedule === null) return null
  if (facts.firstRunAtOnce && settledBy(facts).length === 0) {
    return { why: 'firstRun', since: Math.min(facts.scheduledSince, now) }
  }
  return wantedByTime(facts, facts.schedule, now) ?? wantedByDrive(facts, facts.schedule, now)
}

/** The next instant at which wantedNow will want something that it does not want now; null when there is none. */
export function nextWanted(facts: JobFacts, now: number): number | null {
  if (facts.schedule === null) return null
  const times = [nextTime(facts.schedule, facts.jobId, now), driveTurn(facts, facts.schedule, now)]
  const future = times.filter(time => time !== null && time > now) as number[]
  return future.length === 0 ? null : Math.min(...future)
}

function wantedByTime(facts: JobFacts, schedule: Schedule, now: number): Wanted | null {
  const stamps = settledBy(facts)
  const believed = [...stamps, facts.scheduledSince].map(stamp => believable(stamp, now, facts.clockSetBackAt))
  const served = stamps.filter(stamp => stamp > now).map(stamp => previousTime(schedule, facts.jobId, stamp))
  let time = nextTime(schedule, facts.jobId, Math.max(...believed))
  while (time !== null && served.includes(time)) time = nextTime(schedule, facts.jobId, time)
  if (time === null || time > now) return null
  return { why: now - time > missedAfterMs ? 'missed' : 'time', since: time }
}

function wantedByDrive(facts: JobFacts, schedule: Schedule, now: number): Wanted | null {
  const turn = driveTurn(facts, schedule, now)
  return turn !== null && turn <= now ? { why: 'drive', since: turn } : null
}

/** From when on the drive is awaited; null without a rule `drive`. */
function driveTurn(facts: JobFacts, { rules }: Schedule, now: number): number | null {
  const hours = rules.flatMap(rule => (rule.kind === 'drive' ? [rule.hours] : []))
  if (hours.length === 0) return null
  const believed = settledBy(facts).map(stamp => believable(stamp, now, facts.clockSetBackAt))
  if (believed.length === 0) return Math.min(facts.scheduledSince, now)
  return Math.max(...believed) + Math.min(...hours) * hourMs
}

/** When the runs began after which nothing more was wanted. */
function settledBy({ lastSuccess, lastAttempt }: JobFacts): number[] {
  const cancelled = lastAttempt?.outcome === 'cancelled' ? lastAttempt.startedAt : null
  return [lastSuccess, cancelled].filter(stamp => stamp !== null)
}
