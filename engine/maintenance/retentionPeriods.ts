import { dayMs, hourMs, toWallClock } from '../base/localTime.ts'
import type { RetentionPeriod } from '../contract/models.ts'

/** An instant as the calendar of a zone has it; only differences between two places mean something. */
export interface Place {
  /** Instant at which its local hour began, milliseconds. */
  hourStart: number
  /** Local calendar days, weeks (from Monday), months and years, counted through. */
  day: number
  week: number
  month: number
  year: number
}

export type PeriodCounts = Record<RetentionPeriod, number>

/** Where the instant `at` (milliseconds since 1970 UTC) falls in the calendar of the zone. */
export function placeOf(at: number, timeZone: string | undefined): Place {
  const wallClock = toWallClock(at, timeZone)
  const local = new Date(wallClock)
  const day = Math.floor(wallClock / dayMs)
  return {
    hourStart: at - (wallClock - Math.floor(wallClock / hourMs) * hourMs),
    day,
    // Day 0, 1 January 1970, was a Thursday, three days after a Monday.
    week: Math.floor((day + 3) / 7),
    month: local.getUTCFullYear() * 12 + local.getUTCMonth(),
    year: local.getUTCFullYear(),
  }
}

/**
 * How many boundaries of each period lie between two places, `later` being the later one. Hours are real hours, so the
 * two hours that clocks show twice in autumn are two; days and longer follow the calendar, so a day of 23 or 25 hours is
 * one day.
 */
export function periodsBetween(earlier: Place, later: Place): PeriodCounts {
  return {
    // Where clocks go back over the start of an hour or a day, a later moment can belong to the earlier one.
    hours: Math.max(0, Math.floor((later.hourStart - earlier.hourStart) / hourMs)),
    days: Math.max(0, later.day - earlier.day),
    weeks: Math.max(0, later.week - earlier.week),
    months: Math.max(0, later.month - earlier.month),
    years: Math.max(0, later.year - earlier.year),
  }
}
