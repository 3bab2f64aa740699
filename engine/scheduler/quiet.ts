import { dayMs, minuteMs, toWallClock } from '../base/localTime.ts'
import type { QuietHours } from '../contract/schedule.ts'
import { minuteOfDay } from './calendarRule.ts'
import { nextTime } from './times.ts'

/**
 * When the quiet hours that `now` lies in are over, milliseconds since 1970 UTC; null outside them. Hours that overlap or
 * follow each other count as one.
 */
export function quietUntil(list: readonly QuietHours[], now: number, timeZone: string | undefined): number | null {
  let at = now
  // Each ends at most once on the way: a day that they fill would have no end.
  for (let i = 0; i < list.length; i++) {
    const ends = list.flatMap(hours => endOf(hours, at, timeZone) ?? [])
    if (ends.length === 0) break
    at = Math.max(...ends)
  }
  return at === now ? null : at
}

function endOf({ from, to }: QuietHours, now: number, timeZone: string | undefined): number | null {
  const wallClock = toWallClock(now, timeZone)
  const minute = (wallClock - Math.floor(wallClock / dayMs) * dayMs) / minuteMs
  const begin = minuteOfDay(from)
  const end = minuteOfDay(to)
  const quiet = begin < end ? minute >= begin && minute < end : minute >= begin || minute < end
  if (!quiet) return null
  return nextTime(
    { rules: [{ kind: 'daily', time: to }], spreadMinutes: 0, ...(timeZone === undefined ? {} : { timeZone }) },
    '',
    now,
  )
}
