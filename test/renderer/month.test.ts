import { describe, expect, it } from 'vitest'
import {
  compareMonths,
  firstDayOf,
  monthOf,
  monthTitle,
  shifted,
  weekdayNames,
  weeksOf,
} from '../../renderer/src/screens/versions/month.ts'

describe('a month of the calendar', () => {
  it('has every day once, in weeks of seven', () => {
    const weeks = weeksOf({ year: 2026, month: 10 }, 1)
    expect(weeks.every(week => week.length === 7)).toBe(true)
    const days = weeks.flat().filter(day => day !== null)
    expect(days).toHaveLength(30)
    expect(days[0]).toEqual({ key: '2026-11-01', number: 1 })
    expect(days.at(-1)).toEqual({ key: '2026-11-30', number: 30 })
  })

  it('begins below its weekday, whatever day weeks begin with', () => {
    // The first of November 2026 is a Sunday.
    expect(weeksOf({ year: 2026, month: 10 }, 1)[0]!.findIndex(day => day !== null)).toBe(6)
    expect(weeksOf({ year: 2026, month: 10 }, 7)[0]!.findIndex(day => day !== null)).toBe(0)
    expect(weeksOf({ year: 2026, month: 10 }, 6)[0]!.findIndex(day => day !== null)).toBe(1)
  })

  it('knows leap years', () => {
    const length = (year: number) =>
      weeksOf({ year, month: 1 }, 1)
        .flat()
        .filter(day => day !== null).length
    expect([2024, 2026].map(length)).toEqual([29, 28])
  })

  it('follows on the one before, also over the turn of a year', () => {
    expect(shifted({ year: 2026, month: 0 }, -1)).toEqual({ year: 2025, month: 11 })
    expect(shifted({ year: 2026, month: 11 }, 1)).toEqual({ year: 2027, month: 0 })
    expect(compareMonths({ year: 2025, month: 11 }, { year: 2026, month: 0 })).toBeLessThan(0)
    expect(monthOf('2026-11-26')).toEqual({ year: 2026, month: 10 })
  })

  it('is named, and its days are, in the language of the person', () => {
    expect(monthTitle({ year: 2026, month: 2 }, 'de-DE')).toBe('März 2026')
    expect(weekdayNames('en-GB', 1).map(({ short }) => short)).toEqual([
      'Mon',
      'Tue',
      'Wed',
      'Thu',
      'Fri',
      'Sat',
      'Sun',
    ])
    expect(weekdayNames('de-DE', 7)[0]!.long).toBe('Sonntag')
    expect(firstDayOf('de-DE')).toBe(1)
  })
})
