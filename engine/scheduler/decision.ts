import { formatLocalMinute } from '../base/localTime.ts'
import type { JobState, JobStateReason } from '../contract/schedule.ts'
import { backOffMs } from './backOff.ts'
import { believable } from './clockMemory.ts'
import type { JobFacts } from './facts.ts'
import { quietUntil } from './quiet.ts'
import { nextWanted, type Wanted, wantedNow } from './wanted.ts'

export interface Decision {
  state: JobState
  why: JobStateReason
  /** One sentence for people, times in the zone of the schedule. */
  text: string
  /** When time alone may change the decision, milliseconds since 1970 UTC; null when only an event can. */
  at: number | null
  /** Since when a run is wanted; its waiting time among others. null when none is. */
  since: number | null
}

/**
 * What is to be done with a job at `now` (milliseconds since 1970 UTC). Pure: ask again whenever a fact changes, at the
 * latest at `at`, and after each wake-up of the computer.
 *
 * Where nothing is wanted, versions that another destination has and this one lacks are copied, under the same conditions.
 *
 * A run that somebody asked for waits for nothing but the drive or the network and the job's own run. A scheduled one waits, in this
 * order, for the end of a pause, the drive or the network, the back-off after failures, the end of the quiet hours, mains power, and,
 * unless the destination is on this computer, a connection that is not metered.
 */
export function decide(facts: JobFacts, now: number): Decision {
  if (facts.running) return { state: 'running', why: 'running', text: 'Running.', at: null, since: null }
  if (facts.requestedAt !== null) {
    const since = facts.requestedAt
    return waitingForDrive(facts, since) ?? offline(facts.offline, since, now, facts) ?? requested(since)
  }
  const wanted = wantedNow(facts, now)
  if (wanted !== null) return paused(facts, now) ?? scheduledRun(facts, wanted, now)
  return paused(facts, now) ?? copies(facts, now) ?? notWanted(facts, now)
}

const requested = (since: number): Decision => ({
  state: 'due',
  why: 'manual',
  text: 'Due: somebody asked for it.',
  at: null,
  since,
})

const scheduledRun = (facts: JobFacts, wanted: Wanted, now: number): Decision =>
  waitingForDrive(facts, wanted.since) ??
  offline(facts.offline, wanted.since, now, facts) ??
  backingOff(facts, wanted, now) ??
  quiet(facts, wanted, now) ??
  onBattery(facts, wanted) ??
  metered(facts, wanted) ?? {
    state: 'due',
    why: wanted.why,
    text: dueText(facts, wanted),
    at: null,
    since: wanted.since,
  }

/** What other destinations have and this one lacks is sent as soon as nothing stands in the way, whatever the schedule says. */
function copies(facts: JobFacts, now: number): Decision | null {
  const { lackingSince, drive, lastAttempt } = facts
  // Who has stopped it does not want it to begin again at once.
  if (lastAttempt?.outcome === 'cancelled') return null
  if (lackingSince === null || lackingSince === undefined || (drive && !drive.connected)) return null
  const since = Math.min(lackingSince, now)
  return offline(facts.originOffline, since, now, facts) ?? scheduledRun(facts, { why: 'copies', since }, now)
}

function paused(facts: JobFacts, now: number): Decision | null {
  const until = facts.pausedUntil
  if (until === null || until <= now) return null
  const forever = until === Number.POSITIVE_INFINITY
  const text = forever ? 'Paused until somebody resumes it.' : `Paused until ${clock(facts, until)}.`
  return { state: 'paused', why: 'paused', text, at: forever ? null : until, since: null }
}

function notWanted(facts: JobFacts, now: number): Decision {
  const at = nextWanted(facts, now)
  if (at === null) {
    const text = 'Runs only when somebody asks for it.'
    return { state: 'unscheduled', why: 'noSchedule', text, at, since: null }
  }
  return { state: 'scheduled', why: 'nextTime', text: `Next run at ${clock(facts, at)}.`, at, since: null }
}

function waitingForDrive({ drive, schedule }: JobFacts, since: number): Decision | null {
  if (drive === null || drive.connected) return null
  const seen =
    drive.lastSeen === null ? 'never seen' : `last seen ${formatLocalMinute(drive.lastSeen, schedule?.timeZone)}`
  const text = `Waiting for drive ${drive.label}, ${seen}.`
  return { state: 'waitingForDrive', why: 'driveMissing', text, at: null, since }
}

/** Waits for a destination in the network: the one of the run, or one that versions are to come from. */
function offline(found: JobFacts['offline'], since: number, now: number, facts: JobFacts): Decision | null {
  if (!found || found.retryAt <= now) return null
  const text = `Waiting for the network: ${found.label} does not answer. Next attempt at ${clock(facts, found.retryAt)}.`
  return { state: 'waiting', why: 'offline', text, at: found.retryAt, since }
}

function backingOff(facts: JobFacts, { since }: Wanted, now: number): Decision | null {
  const { lastAttempt, consecutiveFailures, clockSetBackAt } = facts
  if (lastAttempt === null || consecutiveFailures < 1) return null
  const ended = believable(lastAttempt.endedAt ?? lastAttempt.startedAt, now, clockSetBackAt)
  const at = ended + backOffMs(consecutiveFailures)
  if (at <= now) return null
  const times = consecutiveFailures === 1 ? 'once' : `${consecutiveFailures} times in a row`
  return {
    state: 'backingOff',
    why: 'failed',
    text: `Failed ${times}; next attempt at ${clock(facts, at)}.`,
    at,
    since,
  }
}

function quiet(facts: JobFacts, { since }: Wanted, now: number): Decision | null {
  const at = quietUntil(facts.quietHours, now, facts.schedule?.timeZone)
  if (at === null) return null
  const text = `Waiting for the end of the quiet hours at ${clock(facts, at)}.`
  return { state: 'waiting', why: 'quietHours', text, at, since }
}

function onBattery({ power }: JobFacts, { since }: Wanted): Decision | null {
  if (!power.onBattery || power.runOnBattery) return null
  return { state: 'waiting', why: 'battery', text: 'Waiting for mains power.', at: null, since }
}

function metered({ network, localDestination }: JobFacts, { since }: Wanted): Decision | null {
  if (!network.metered || network.runOnMetered || localDestination) return null
  const text = 'Waiting for a connection that is not metered.'
  return { state: 'waiting', why: 'metered', text, at: null, since }
}

function dueText(facts: JobFacts, { why, since }: Wanted): string {
  switch (why) {
    case 'firstRun':
      return 'Due: it has never run.'
    case 'time':
      return `Due since ${clock(facts, since)}.`
    case 'missed':
      return `Due: the run of ${clock(facts, since)} was missed.`
    case 'copies':
      return 'Due: another destination has versions that are missing here.'
    case 'drive':
      return facts.drive === null ? 'Due.' : `Due: drive ${facts.drive.label} is connected.`
  }
}

const clock = ({ schedule }: JobFacts, at: number): string => formatLocalMinute(at, schedule?.timeZone)
