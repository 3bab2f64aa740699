import type { TransferLimits } from '../contract/transferLimits.ts'
import type { Rate } from '../engineApi.ts'
import { minuteOfDay } from '../scheduler/calendarRule.ts'

/** The limits of a destination as the engine takes them; a way that is never limited is missing. */
export function ratesOf(limits: TransferLimits): { writeLimit?: Rate; readLimit?: Rate } {
  const rateOf = (way: 'write' | 'read'): Rate | undefined => {
    // Without hours it is a number: where none is, threads may read by themselves.
    if (limits.hours.length === 0) return limits[way] ?? undefined
    if ([limits, ...limits.hours].every(one => one[way] === null)) return undefined
    const hours = limits.hours.map(one => ({
      from: minuteOfDay(one.from),
      to: minuteOfDay(one.to),
      bytesPerSecond: one[way] ?? Number.POSITIVE_INFINITY,
    }))
    return { hours, otherwise: limits[way] ?? Number.POSITIVE_INFINITY }
  }
  const [writeLimit, readLimit] = [rateOf('write'), rateOf('read')]
  return { ...(writeLimit !== undefined && { writeLimit }), ...(readLimit !== undefined && { readLimit }) }
}

/** The lower of two limits at any time of day; undefined does not limit. */
export function lowerRate(one: number | undefined, other: Rate | undefined): Rate | undefined {
  if (one === undefined || other === undefined) return one ?? other
  if (typeof other === 'number') return Math.min(one, other)
  return {
    hours: other.hours.map(hours => ({ ...hours, bytesPerSecond: Math.min(hours.bytesPerSecond, one) })),
    otherwise: Math.min(other.otherwise, one),
  }
}
