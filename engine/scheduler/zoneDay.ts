import { dayMs, hourMs, minuteMs, offsetAt, secondMs, toWallClock } from '../base/localTime.ts'
import type { CalendarRule } from './calendarRule.ts'

/** How the clocks of a zone run around one local day: `before` ahead of UTC until `changeAt`, from then on `after`. */
interface ZoneDay {
  before: number
  after: number
  /** Instant of the change; Infinity without one. */
  changeAt: number
}

/** The local day, counted from 1 January 1970, that clocks of the zone show at an instant. */
export const localDayOf = (at: number, timeZone: string | undefined): number =>
  Math.floor(toWallClock(at, timeZone) / dayMs)

/**
 * The instants at which a rule is due on a local day, sorted, each once; empty when it does not apply to that day.
 *
 * Clocks skip or repeat anything from half an hour (Lord Howe) to a whole day (Samoa in December 2011); see CalendarRule
 * for what then happens.
 */
export function momentsOf(rule: CalendarRule, day: number, timeZone: string | undefined): number[] {
  if (!rule.matches(day)) return []
  const zone = zoneDay(day, timeZone)
  const times = rule.minutes.map(minute => day * dayMs + minute * minuteMs)
  if (zone.changeAt === Number.POSITIVE_INFINITY) return times.map(time => time - zone.before)
  const moments = times.flatMap(time => (rule.everyHour ? allShowings(time, zone) : [firstShowing(time, zone)]))
  return moments.sort((a, b) => a - b)
}

function firstShowing(wallClock: number, { before, after, changeAt }: ZoneDay): number {
  if (wallClock - before < changeAt) return wallClock - before
  return Math.max(wallClock - after, changeAt)
}

function allShowings(wallClock: number, { before, after, changeAt }: ZoneDay): number[] {
  const early = wallClock - before < changeAt ? [wallClock - before] : []
  const late = wallClock - after >= changeAt ? [wallClock - after] : []
  return [...early, ...late]
}

/** No zone has changed its clocks twice within five days since 1970, so one change is all there can be. */
function zoneDay(day: number, timeZone: string | undefined): ZoneDay {
  // Every offset lies within ±15 h, so this stretch holds the whole day and a change that begins or ends it.
  let unchanged = day * dayMs - 16 * hourMs
  let changed = (day + 1) * dayMs + 16 * hourMs
  const before = offsetAt(unchanged, timeZone)
  const after = offsetAt(changed, timeZone)
  if (before === after) return { before, after, changeAt: Number.POSITIVE_INFINITY }
  while (changed - unchanged > secondMs) {
    const middle = Math.floor((unchanged + changed) / 2 / secondMs) * secondMs
    if (offsetAt(middle, timeZone) === before) unchanged = middle
    else changed = middle
  }
  return { before, after, changeAt: changed }
}
