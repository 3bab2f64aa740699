import { dayMs, fromWallClock, hourMs, minuteMs, secondMs, toWallClock } from '../base/localTime.ts'

/** A date as a filter writes it, before it is known when and where it is read. */
export type FilterDate =
  /** `wallClock` is local unless `offsetMs` says how far its clock is ahead of UTC. `spanMs` is what the text leaves open. */
  | { kind: 'time'; wallClock: number; offsetMs?: number; spanMs: number }
  /** A whole local day. */
  | { kind: 'day'; wallClock: number }
  | { kind: 'dayBack'; days: number }
  | { kind: 'ago'; amount: number; unit: Unit }

/** Instants [from, to) in milliseconds since 1970 UTC. */
export interface TimeSpan {
  from: number
  to: number
}

export const dateAdvice =
  'Write "2026-01-31", "2026-01-31T10:00:00" (local time; with Z for UTC), "2 days ago", "1 week ago", "yesterday" or "today".'

const units = ['second', 'minute', 'hour', 'day', 'week', 'month', 'year'] as const
type Unit = (typeof units)[number]

const absolute = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?(Z|[+-]\d\d:?\d\d)?)?$/i
const relative = new RegExp(`^(an?|one|[0-9]{1,6})\\s+(${units.join('|')})s?\\s+ago$`, 'i')

/**
 * Reads a date: "2026-01-31", optionally with "T10:00", "T10:00:00" or "T10:00:00.123" (a space instead of T will do)
 * and then Z or an offset such as +01:00; or "now", "today", "yesterday", "an hour ago", "2 days ago" with any unit from
 * second to year. Undefined when it is no date or lies before 1970.
 */
export function parseFilterDate(text: string): FilterDate | undefined {
  const trimmed = text.trim()
  const words = trimmed.toLowerCase()
  if (words === 'now') return { kind: 'ago', amount: 0, unit: 'second' }
  if (words === 'today') return { kind: 'dayBack', days: 0 }
  if (words === 'yesterday') return { kind: 'dayBack', days: 1 }
  const ago = relative.exec(words)
  if (ago) return { kind: 'ago', amount: /^[0-9]/.test(ago[1]!) ? Number(ago[1]) : 1, unit: ago[2] as Unit }

  const match = absolute.exec(trimmed)
  if (!match) return undefined
  const [, day, minute, second = '00', fraction = '', zone] = match
  const clock = `${day}T${minute ?? '00:00'}:${second}.${fraction.padEnd(3, '0')}Z`
  const wallClock = Date.parse(clock)
  // Date.parse lets 31 February be 3 March and 24:00 the next day; what comes back then differs.
  if (Number.isNaN(wallClock) || wallClock < 0 || new Date(wallClock).toISOString() !== clock) return undefined
  if (minute === undefined) return { kind: 'day', wallClock }
  const spanMs = match[3] === undefined ? minuteMs : fraction === '' ? secondMs : 1
  if (zone === undefined) return { kind: 'time', wallClock, spanMs }
  const offsetMs = parseOffset(zone)
  return offsetMs === undefined ? undefined : { kind: 'time', wallClock, offsetMs, spanMs }
}

function parseOffset(zone: string): number | undefined {
  if (/^z$/i.test(zone)) return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(-2))
  if (hours > 14 || minutes > 59) return undefined
  return (zone.startsWith('-') ? -1 : 1) * (hours * hourMs + minutes * minuteMs)
}

/**
 * The instants that a date stands for: a whole day, the second or minute that it names, or one millisecond for "… ago".
 * Days, weeks, months and years ago keep the local time of day; a month ago from 31 March is the last day of February.
 * Nothing reaches back before 1970.
 */
export function resolveFilterDate(date: FilterDate, now: number, timeZone: string | undefined): TimeSpan {
  switch (date.kind) {
    case 'time': {
      const from =
        date.offsetMs === undefined ? fromWallClock(date.wallClock, timeZone) : date.wallClock - date.offsetMs
      return { from, to: from + date.spanMs }
    }
    case 'day':
      return localDay(date.wallClock, timeZone)
    case 'dayBack':
      return localDay(Math.floor(toWallClock(now, timeZone) / dayMs - date.days) * dayMs, timeZone)
    case 'ago': {
      const from = timeAgo(date.amount, date.unit, now, timeZone)
      return { from, to: from + 1 }
    }
  }
}

const localDay = (wallClock: number, timeZone: string | undefined): TimeSpan => ({
  from: fromWallClock(wallClock, timeZone),
  to: fromWallClock(wallClock + dayMs, timeZone),
})

function timeAgo(amount: number, unit: Unit, now: number, timeZone: string | undefined): number {
  if (unit === 'second') return Math.max(0, now - amount * secondMs)
  if (unit === 'minute') return Math.max(0, now - amount * minuteMs)
  if (unit === 'hour') return Math.max(0, now - amount * hourMs)
  const wallClock = toWallClock(now, timeZone)
  if (unit === 'day') return fromWallClock(Math.max(0, wallClock - amount * dayMs), timeZone)
  if (unit === 'week') return fromWallClock(Math.max(0, wallClock - amount * 7 * dayMs), timeZone)
  return fromWallClock(Math.max(0, monthsBefore(wallClock, unit === 'month' ? amount : amount * 12)), timeZone)
}

function monthsBefore(wallClock: number, months: number): number {
  const date = new Date(wallClock)
  const month = date.getUTCFullYear() * 12 + date.getUTCMonth() - months
  const year = Math.floor(month / 12)
  if (year < 1970) return 0
  const daysInMonth = new Date(Date.UTC(year, (month % 12) + 1, 0)).getUTCDate()
  const day = Math.min(date.getUTCDate(), daysInMonth)
  return Date.UTC(year, month % 12, day) + (wallClock % dayMs)
}
