import { HoldfastError } from '../contract/errors.ts'
import { dayMs, minuteMs, toWallClock } from './localTime.ts'

/** A part of every day, in local time, with a limit of its own. */
export interface RateHours {
  /** Minutes since midnight, [0, 1440]; `from` belongs to it, `to` does not. One that ends before it begins goes over midnight. */
  from: number
  to: number
  /** Infinity for no limit. */
  bytesPerSecond: number
}

/** Bytes per second by the time of day. */
export interface RateSchedule {
  /** The first that fits counts. */
  hours: readonly RateHours[]
  /** For the rest of the day. Infinity for no limit. */
  otherwise: number
}

/** A limit that is always the same, in bytes per second above 0, or one by the time of day. */
export type Rate = number | RateSchedule

/** Bytes per second at an instant (milliseconds since 1970 UTC), by the clocks of a zone (of this computer unless given). */
export function rateAt(rate: Rate, at: number, timeZone?: string): number {
  if (typeof rate === 'number') return rate
  const minute = Math.floor((((toWallClock(at, timeZone) % dayMs) + dayMs) % dayMs) / minuteMs)
  const hours = rate.hours.find(({ from, to }) =>
    from < to ? from <= minute && minute < to : from <= minute || minute < to,
  )
  return hours ? hours.bytesPerSecond : rate.otherwise
}

/** `internal.bug` for what is no rate: a constant one is finite, and each is above 0. */
export function assertRate(rate: Rate): void {
  const all = typeof rate === 'number' ? [rate] : [rate.otherwise, ...rate.hours.map(hours => hours.bytesPerSecond)]
  const bad = all.find(value => !(value > 0) || (typeof rate === 'number' && value === Number.POSITIVE_INFINITY))
  if (bad !== undefined) throw new HoldfastError('internal.bug', `${bad} bytes per second is no limit.`)
}
