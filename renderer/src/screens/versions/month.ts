import { dayKey } from './shelf.ts'

/** A month of a calendar. Pure. */

export interface Month {
  year: number
  /** From 0. */
  month: number
}

export interface MonthDay {
  /** '2026-11-26' */
  key: string
  /** Of the month, from 1. */
  number: number
}

/** Its weeks; null stands where another month begins or ends. `firstDay` is the day that weeks begin with, 1 for Monday to 7. */
export function weeksOf({ year, month }: Month, firstDay: number): (MonthDay | null)[][] {
  const before = (new Date(year, month, 1).getDay() - firstDay + 14) % 7
  const days = new Date(year, month + 1, 0).getDate()
  const cells: (MonthDay | null)[] = Array.from({ length: before }, () => null)
  for (let number = 1; number <= days; number++) cells.push({ key: dayKey(year, month, number), number })
  while (cells.length % 7 !== 0) cells.push(null)
  return Array.from({ length: cells.length / 7 }, (_, week) => cells.slice(week * 7, week * 7 + 7))
}

export function monthOf(day: string): Month {
  const [year = 0, month = 1] = day.split('-').map(Number)
  return { year, month: month - 1 }
}

export function shifted({ year, month }: Month, by: number): Month {
  const moved = new Date(year, month + by, 1)
  return { year: moved.getFullYear(), month: moved.getMonth() }
}

/** Negative when the first is earlier. */
export const compareMonths = (a: Month, b: Month): number => a.year - b.year || a.month - b.month

/** The day that weeks begin with where a locale is spoken; Monday where that is not known. */
export function firstDayOf(locale: string): number {
  const known = new Intl.Locale(locale) as Intl.Locale & { getWeekInfo?(): { firstDay: number } }
  return known.getWeekInfo?.().firstDay ?? 1
}

/** Names of the days of a week, short, from the first on; and in full. */
export function weekdayNames(locale: string, firstDay: number): { short: string; long: string }[] {
  const [short, long] = (['short', 'long'] as const).map(
    weekday => new Intl.DateTimeFormat(locale, { weekday, timeZone: 'UTC' }),
  )
  // The first of January 2024 was a Monday.
  return Array.from({ length: 7 }, (_, i) => {
    const day = new Date(Date.UTC(2024, 0, firstDay + i))
    return { short: short!.format(day), long: long!.format(day) }
  })
}

export const monthTitle = ({ year, month }: Month, locale: string): string =>
  new Intl.DateTimeFormat(locale, { month: 'long', year: 'numeric' }).format(new Date(year, month, 1))
