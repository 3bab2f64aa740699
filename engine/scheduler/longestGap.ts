import { dayMs, minuteMs } from '../base/localTime.ts'
import type { Schedule } from '../contract/schedule.ts'
import { type CalendarRule, calendarRule, isTimed } from './calendarRule.ts'

/** Dates and weekdays repeat after 28 years (between 1901 and 2099), so this many days show every gap there is. */
const cycleDays = 28 * 365 + 7
const cycleBegin = Date.UTC(2000, 0, 1) / dayMs
const minutesPerDay = dayMs / minuteMs

/** How the times lie within one kind of day, in minutes. */
interface DayPattern {
  first: number
  last: number
  longestGap: number
}

/**
 * The longest time between one time of the schedule and the next, in milliseconds; null when it names no times. It is
 * taken from the calendar, all rules together: 64 hours for hours from Monday to Friday, 31 days for a monthly rule.
 * Spread and changes of clocks, an hour at most, are left out.
 */
export function longestGapMs(schedule: Schedule): number | null {
  const rules = schedule.rules.filter(isTimed).map(calendarRule)
  if (rules.length === 0) return null
  const patterns = new Map<number, DayPattern | null>()
  let first: number | undefined
  let previous = 0
  let longest = 0
  for (let day = 0; day < cycleDays; day++) {
    const pattern = patternOf(rules, cycleBegin + day, patterns)
    if (pattern === null) continue
    const begin = day * minutesPerDay + pattern.first
    if (first === undefined) first = begin
    else longest = Math.max(longest, begin - previous)
    longest = Math.max(longest, pattern.longestGap)
    previous = day * minutesPerDay + pattern.last
  }
  const aroundTheCycle = (first ?? 0) + cycleDays * minutesPerDay - previous
  return Math.max(longest, aroundTheCycle) * minuteMs
}

/** Days to which the same rules apply have the same pattern; null where none does. */
function patternOf(rules: CalendarRule[], day: number, known: Map<number, DayPattern | null>): DayPattern | null {
  const applies = rules.map(rule => rule.matches(day))
  const key = applies.reduce((bits, one, index) => bits | (one ? 1 << index : 0), 0)
  const found = known.get(key)
  if (found !== undefined) return found
  const minutes = rules.flatMap((rule, index) => (applies[index] ? rule.minutes : [])).sort((a, b) => a - b)
  const pattern =
    minutes.length === 0 ? null : { first: minutes[0]!, last: minutes.at(-1)!, longestGap: widest(minutes) }
  known.set(key, pattern)
  return pattern
}

const widest = (minutes: number[]): number =>
  minutes.slice(1).reduce((longest, minute, index) => Math.max(longest, minute - minutes[index]!), 0)
