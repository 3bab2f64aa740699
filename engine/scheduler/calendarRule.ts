import { dayMs } from '../base/localTime.ts'
import { type CronFields, readCron } from '../contract/cronText.ts'
import { HoldfastError } from '../contract/errors.ts'
import { type ScheduleRule, weekdays } from '../contract/schedule.ts'

/** Any rule that names times, in the one form that the arithmetic works on. */
export interface CalendarRule {
  /** Whether it applies to a local day, counted from 1 January 1970. */
  matches(day: number): boolean
  /** Minutes of such a day at which it is due, by the clock on the wall, sorted. */
  minutes: readonly number[]
  /**
   * False: times of day. One that clocks skip is due at the first instant after the gap, one that they show twice only
   * the first time. True: the rule follows the hours as they pass. What clocks skip is left out, as the next hour is
   * near, and what they show twice is due twice, as the day has an hour more.
   */
  everyHour: boolean
}

export type TimedRule = Exclude<ScheduleRule, { kind: 'drive' }>

export const isTimed = (rule: ScheduleRule): rule is TimedRule => rule.kind !== 'drive'

/** The form of the rule that the arithmetic works on. A cron line that cannot be read: usage.invalid. */
export function calendarRule(rule: TimedRule): CalendarRule {
  switch (rule.kind) {
    case 'hourly':
      return { matches: always, minutes: hours.map(hour => hour * 60 + (rule.minute ?? 0)), everyHour: true }
    case 'everyHours':
      return { matches: always, minutes: stepsOfDay(minuteOfDay(rule.from), rule.hours), everyHour: false }
    case 'daily':
      return { matches: always, ...at(rule.time) }
    case 'weekly': {
      const days = new Set(rule.weekdays.map(day => (weekdays.indexOf(day) + 1) % 7))
      return { matches: day => days.has(weekdayOf(day)), ...at(rule.time) }
    }
    case 'monthly': {
      const wanted = rule.day === 'last' ? 31 : rule.day
      return {
        matches: day => dateOf(day) === wanted || (dateOf(day) < wanted && isLastOfMonth(day)),
        ...at(rule.time),
      }
    }
    case 'cron':
      return cronRule(rule.expression)
  }
}

/** "03:30" is 210. */
export const minuteOfDay = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))

const hours = Array.from({ length: 24 }, (_, hour) => hour)
const always = (): boolean => true
const at = (time: string) => ({ minutes: [minuteOfDay(time)], everyHour: false })

/** The minutes `from`, `from` + step, … that lie within one day of `from`, each in the day on which it falls. */
function stepsOfDay(from: number, stepHours: number): number[] {
  const steps: number[] = []
  for (let passed = 0; passed < 24 * 60; passed += stepHours * 60) steps.push((from + passed) % (24 * 60))
  return steps.sort((a, b) => a - b)
}

function cronRule(expression: string): CalendarRule {
  const reading = readCron(expression)
  if (!reading.ok) {
    const { offset, expected } = reading.mistake
    throw new HoldfastError(
      'usage.invalid',
      `The cron line “${expression}” is wrong at column ${offset + 1}: expected ${expected}.`,
      {
        advice: 'Write minute, hour, day of the month, month and day of the week, for example 0 3 * * 1-5.',
        details: { text: expression, column: offset + 1 },
      },
    )
  }
  const { fields } = reading
  const minutes = fields.hours.flatMap(hour => fields.minutes.map(minute => hour * 60 + minute))
  return { matches: day => cronMatches(fields, day), minutes, everyHour: fields.everyHour }
}

function cronMatches({ months, daysOfMonth, weekdays, eitherDay }: CronFields, day: number): boolean {
  const date = new Date(day * dayMs)
  if (!months.includes(date.getUTCMonth() + 1)) return false
  const byDate = daysOfMonth.includes(date.getUTCDate())
  const byWeekday = weekdays.includes(date.getUTCDay())
  return eitherDay ? byDate || byWeekday : byDate && byWeekday
}

const dateOf = (day: number): number => new Date(day * dayMs).getUTCDate()
const weekdayOf = (day: number): number => new Date(day * dayMs).getUTCDay()
const isLastOfMonth = (day: number): boolean => dateOf(day + 1) === 1
