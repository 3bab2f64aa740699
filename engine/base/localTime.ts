import { HoldfastError } from '../contract/errors.ts'

/**
 * Local time of a zone, from Intl. A "wall clock" here is a number: the milliseconds since 1970 that a clock on the wall
 * would show if it were in UTC, so that new Date(wallClock).getUTC…() gives the local year, month, hour and so on.
 *
 * Everywhere, a zone of undefined means the zone of this computer.
 */

export const secondMs = 1000
export const minuteMs = 60 * secondMs
export const hourMs = 60 * minuteMs
export const dayMs = 24 * hourMs

/** Making a formatter costs far more than using it, and a listing of 10,000 versions uses it 10,000 times. */
const formatters = new Map<string, Intl.DateTimeFormat>()

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone)
  if (known) return known
  let formatter: Intl.DateTimeFormat
  try {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch (error) {
    throw new HoldfastError('usage.invalid', `“${timeZone}” is not a time zone that this computer knows.`, {
      advice: 'Write it as in the IANA list, for example Europe/Berlin or UTC.',
      details: { timeZone },
      cause: error,
    })
  }
  formatters.set(timeZone, formatter)
  return formatter
}

/** What clocks of the zone show at the instant `at` (milliseconds since 1970 UTC). Unknown zone: usage.invalid. */
export function toWallClock(at: number, timeZone: string | undefined): number {
  if (timeZone === undefined) return at - new Date(at).getTimezoneOffset() * minuteMs
  const fields: Record<string, number> = {}
  for (const part of formatterOf(timeZone).formatToParts(at)) fields[part.type] = Number(part.value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = fields
  // Intl drops the milliseconds; no zone has an offset finer than a second.
  return Date.UTC(year, month - 1, day, hour, minute, second) + (((at % secondMs) + secondMs) % secondMs)
}

/**
 * The instant at which clocks of the zone show `wallClock`. A time that clocks show twice (autumn) is its first
 * occurrence; one that they skip (spring) moves forward by the length of the gap, so a midnight that does not exist is
 * the first moment of that day.
 */
export function fromWallClock(wallClock: number, timeZone: string | undefined): number {
  // Offsets lie within ±15 h, so one of these is surely before and one after any change of clocks near that time.
  const before = offsetAt(wallClock - dayMs, timeZone)
  const after = offsetAt(wallClock + dayMs, timeZone)
  const candidates = [wallClock - before, wallClock - after].sort((a, b) => a - b)
  return candidates.find(at => toWallClock(at, timeZone) === wallClock) ?? wallClock - before
}

/** Milliseconds that clocks of the zone are ahead of UTC at an instant. */
export const offsetAt = (at: number, timeZone: string | undefined): number => toWallClock(at, timeZone) - at

/** "2026-01-31 10:00" in the zone. */
export const formatLocalMinute = (at: number, timeZone: string | undefined): string =>
  new Date(toWallClock(at, timeZone)).toISOString().slice(0, 16).replace('T', ' ')
