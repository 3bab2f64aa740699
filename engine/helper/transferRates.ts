import type { Clock } from '../base/clock.ts'
import { dayMs, minuteMs, toWallClock } from '../base/localTime.ts'
import type { TransferLimits } from '../contract/transferLimits.ts'
import type { Rate } from '../engineApi.ts'
import { minuteOfDay } from '../scheduler/calendarRule.ts'

/** What holds at an instant (milliseconds since 1970 UTC), by this computer's clock; null where nothing is limited. */
export function limitsAt(
  { write, read, hours }: TransferLimits,
  now: number,
): { write: number | null; read: number | null } {
  const wallClock = toWallClock(now, undefined)
  const minute = (wallClock - Math.floor(wallClock / dayMs) * dayMs) / minuteMs
  const special = hours.find(({ from, to }) => {
    const [begin, end] = [minuteOfDay(from), minuteOfDay(to)]
    return begin < end ? minute >= begin && minute < end : minute >= begin || minute < end
  })
  return special ?? { write, read }
}

/** The limits of a destination as the engine takes them. */
export function ratesOf(limits: TransferLimits, clock: Clock): { writeLimit?: Rate; readLimit?: Rate } {
  const rateOf = (way: 'write' | 'read'): Rate | undefined => {
    // Without hours it is a number, which costs nothing to ask, and where threads read by themselves nothing stands in their way.
    if (limits.hours.length === 0) return limits[way] ?? undefined
    return [limits, ...limits.hours].every(one => one[way] === null)
      ? undefined
      : () => limitsAt(limits, clock.now())[way]
  }
  const [writeLimit, readLimit] = [rateOf('write'), rateOf('read')]
  return { ...(writeLimit !== undefined && { writeLimit }), ...(readLimit !== undefined && { readLimit }) }
}
