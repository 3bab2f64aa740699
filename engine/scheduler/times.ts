import { HoldfastError } from '../contract/errors.ts'
import type { Schedule } from '../contract/schedule.ts'
import { type CalendarRule, calendarRule, isTimed, type TimedRule } from './calendarRule.ts'
import { spreadMs } from './spread.ts'
import { localDayOf, momentsOf } from './zoneDay.ts'

/**
 * The times of a schedule, in milliseconds since 1970 UTC, from 1970 on. Rules `drive` name no times and are left out.
 *
 * A job runs at the time of its rule plus its spread; see spreadMs. A time of day that clocks skip is the first instant
 * after the gap, one that they show twice the first of the two; hourly rules (and cron lines with `*` as the hour) follow
 * the hours as they pass instead. A monthly rule for the 31st is the last day of a shorter month.
 */

/** No rule that can be read is silent for longer: 29 February on one weekday, around a year such as 2100. */
const longestSilenceDays = 41 * 366

/** The first time after `after`; null when the schedule names no times. */
export function nextTime(schedule: Schedule, jobId: string, after: number): number | null {
  const times = shifted(schedule, jobId).map(
    ({ rule, shift }) => nextOf(rule, after - shift, schedule.timeZone) + shift,
  )
  return times.length === 0 ? null : Math.min(...times)
}

/** The last time not after `at`; null when the schedule names no times. */
export function previousTime(schedule: Schedule, jobId: string, at: number): number | null {
  const times = shifted(schedule, jobId).map(
    ({ rule, shift }) => previousOf(rule, at - shift, schedule.timeZone) + shift,
  )
  return times.length === 0 ? null : Math.max(...times)
}

/** The first `count` times after `after`. */
export function upcomingTimes(schedule: Schedule, jobId: string, after: number, count: number): number[] {
  const times: number[] = []
  let last = after
  while (times.length < count) {
    const next = nextTime(schedule, jobId, last)
    if (next === null) break
    times.push(next)
    last = next
  }
  return times
}

const shifted = ({ rules, spreadMinutes }: Schedule, jobId: string): { rule: CalendarRule; shift: number }[] =>
  rules.filter(isTimed).map((rule: TimedRule) => ({
    rule: calendarRule(rule),
    shift: spreadMs(jobId, rule, spreadMinutes),
  }))

function nextOf(rule: CalendarRule, after: number, timeZone: string | undefined): number {
  const momentOn = (day: number) => momentsOf(rule, day, timeZone).find(moment => moment > after)
  const today = localDayOf(after, timeZone)
  // Where clocks go back over midnight, a later instant can belong to the day before.
  for (let day = today - 1; day <= today + longestSilenceDays; day++) {
    const found = momentOn(day)
    if (found !== undefined) return Math.min(found, momentOn(day + 1) ?? found)
  }
  throw silent()
}

function previousOf(rule: CalendarRule, at: number, timeZone: string | undefined): number {
  const momentOn = (day: number) => momentsOf(rule, day, timeZone).findLast(moment => moment <= at)
  const today = localDayOf(at, timeZone)
  for (let day = today + 1; day >= today - longestSilenceDays; day--) {
    const found = momentOn(day)
    if (found !== undefined) return Math.max(found, momentOn(day - 1) ?? found)
  }
  throw silent()
}

const silent = (): HoldfastError => new HoldfastError('internal.bug', 'A rule of a schedule never comes due.')
