import { createHash } from 'node:crypto'
import { minuteMs, secondMs } from '../base/localTime.ts'
import type { Schedule } from '../contract/schedule.ts'
import type { TimedRule } from './calendarRule.ts'

/** Minutes over which hourly rules without a minute are spread: somewhere in the hour. */
const hourlySpreadMinutes = 60
/** Minutes over which times that somebody chose are spread: near enough for people, far enough for a storage. */
const chosenTimeSpreadMinutes = 5

/**
 * How long after the time that the rule names a job runs, in milliseconds (whole seconds). It is the same at each
 * occurrence and after every restart, and differs between jobs, as in backy; so a hundred computers with the same
 * schedule do not turn to one storage in the same second.
 *
 * It lies in [0, window), the window being `spreadMinutes` of the schedule, or else an hour for hourly rules without a
 * minute and five minutes for all others.
 */
export function spreadMs(jobId: string, rule: TimedRule, spreadMinutes: Schedule['spreadMinutes']): number {
  const window =
    spreadMinutes ??
    (rule.kind === 'hourly' && rule.minute === undefined ? hourlySpreadMinutes : chosenTimeSpreadMinutes)
  return Math.floor((shareOf(jobId) * window * minuteMs) / secondMs) * secondMs
}

/** A number in [0, 1) that looks random and depends only on the id. */
function shareOf(jobId: string): number {
  return createHash('sha256').update(jobId).digest().readUIntBE(0, 6) / 2 ** 48
}
