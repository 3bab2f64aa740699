import { Cron } from 'croner'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Schedule, weekdays } from '../../../engine/contract/schedule.ts'
import type { TimedRule } from '../../../engine/scheduler/calendarRule.ts'
import { nextTime, previousTime, upcomingTimes } from '../../../engine/scheduler/times.ts'
import { anyTimedRule } from '../../support/schedules.ts'

/** Days, in UTC, on which clocks change; in spring and in autumn, at midnight, by half an hour and by a whole day. */
const changes = [
  ['Europe/Berlin', '2026-03-29T01:00'],
  ['Europe/Berlin', '2026-10-25T01:00'],
  ['America/New_York', '2026-03-08T07:00'],
  ['America/New_York', '2026-11-01T06:00'],
  ['Australia/Lord_Howe', '2026-10-03T15:30'],
  ['Australia/Lord_Howe', '2026-04-04T15:00'],
  ['America/Sao_Paulo', '2018-11-04T03:00'],
  ['America/Sao_Paulo', '2019-02-17T02:00'],
  ['Asia/Beirut', '2022-03-26T22:00'],
  ['Asia/Beirut', '2022-10-29T21:00'],
  ['America/St_Johns', '2006-04-02T03:31'],
  ['America/St_Johns', '2006-10-29T02:31'],
  ['Pacific/Apia', '2011-12-30T10:00'],
] as const

const minuteMs = 60_000
/** Rules may come due each minute; so many times in a row show enough. */
const few = 8
const hourMs = 60 * minuteMs

interface Minute {
  at: number
  wallClock: number
}

/** What clocks show in each minute around a change, by asking them minute for minute. */
function minutesAround(zone: string, change: string): Minute[] {
  const begin = Date.parse(`${change}Z`) - 40 * hourMs
  const clock = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' })
  return Array.from({ length: 80 * 60 }, (_, index) => {
    const at = begin + index * minuteMs
    return { at, wallClock: Date.parse(`${clock.format(at).replace(' ', 'T')}Z`) }
  })
}

/** Whether the rule names what a clock shows; written anew, and with croner for cron lines. */
function namesWallClock(rule: TimedRule): (wallClock: number) => boolean {
  if (rule.kind === 'cron') {
    const cron = new Cron(rule.expression, { timezone: 'UTC', mode: '5-part' })
    return wallClock => cron.match(new Date(wallClock))
  }
  return wallClock => {
    const local = new Date(wallClock)
    const time = local.toISOString().slice(11, 16)
    switch (rule.kind) {
      case 'hourly':
        return local.getUTCMinutes() === (rule.minute ?? 0)
      case 'everyHours': {
        const from = Date.parse(`${local.toISOString().slice(0, 10)}T${rule.from}Z`)
        const passed = (wallClock - from + 24 * hourMs) % (24 * hourMs)
        return passed % (rule.hours * hourMs) === 0
      }
      case 'daily':
        return time === rule.time
      case 'weekly':
        return time === rule.time && rule.weekdays.includes(weekdays[(local.getUTCDay() + 6) % 7]!)
      case 'monthly': {
        const days = new Date(Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + 1, 0)).getUTCDate()
        const wanted = rule.day === 'last' ? days : Math.min(rule.day, days)
        return time === rule.time && local.getUTCDate() === wanted
      }
    }
  }
}

/** Walks through the minutes: times of day are due when a clock first shows them or something later. */
function dueMinutes(rule: TimedRule, minutes: Minute[]): number[] {
  const names = namesWallClock(rule)
  const everyHour = rule.kind === 'hourly' || (rule.kind === 'cron' && rule.expression.split(' ')[1] === '*')
  const due: number[] = []
  let seen = minutes[0]!.wallClock
  for (const { at, wallClock } of minutes.slice(1)) {
    let now = everyHour && names(wallClock)
    for (let shown = seen + minuteMs; !everyHour && shown <= wallClock; shown += minuteMs) now ||= names(shown)
    seen = Math.max(seen, wallClock)
    if (now) due.push(at)
  }
  return due
}

describe.each(changes)('around the change of clocks in %s at %s', (timeZone, change) => {
  const minutes = minutesAround(timeZone, change)
  const begin = minutes[0]!.at
  const end = minutes.at(-1)!.at

  it('finds the times that somebody finds who watches the clock', () => {
    fc.assert(
      fc.property(anyTimedRule, fc.nat({ max: minutes.length - 1 }), (rule, place) => {
        const schedule: Schedule = { rules: [rule], timeZone, spreadMinutes: 0 }
        const due = dueMinutes(rule, minutes)
        const { at } = minutes[place]!
        const later = due.filter(time => time > at).slice(0, few)
        expect(upcomingTimes(schedule, 'job', at, few).filter(time => time <= end)).toEqual(later)

        const earlier = due.filter(time => time <= at).slice(-few)
        const found: number[] = []
        for (let before = at; found.length < few; before = found[0]! - 1) {
          const previous = previousTime(schedule, 'job', before)!
          if (previous <= begin) break
          found.unshift(previous)
        }
        expect(found).toEqual(earlier)
      }),
      { numRuns: 60 },
    )
  })

  it('goes on in one direction, step by step', () => {
    const instant = fc.integer({ min: begin, max: end })
    fc.assert(
      fc.property(fc.array(anyTimedRule, { minLength: 1, maxLength: 3 }), instant, (rules, at) => {
        const schedule: Schedule = { rules, timeZone }
        const next = nextTime(schedule, 'job', at)!
        const previous = previousTime(schedule, 'job', at)!
        expect(previous).toBeLessThanOrEqual(at)
        expect(next).toBeGreaterThan(at)
        expect(nextTime(schedule, 'job', previous)).toBe(next)
        expect(previousTime(schedule, 'job', next - 1)).toBe(previous)
      }),
      { numRuns: 40 },
    )
  })
})
