import type { Weekday } from '../../../../engine/contract/schedule.ts'

const order: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

/** The days of the week by their names, from Monday. */
export function dayNames(locale: string): { value: Weekday; label: string }[] {
  const format = new Intl.DateTimeFormat(locale, { weekday: 'long', timeZone: 'UTC' })
  // 1 January 2024 was a Monday.
  return order.map((value, i) => ({ value, label: format.format(Date.UTC(2024, 0, 1 + i)) }))
}
