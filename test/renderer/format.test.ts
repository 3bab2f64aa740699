import { describe, expect, it } from 'vitest'
import { daysBetween, formatsOf } from '../../renderer/src/i18n/format.ts'

/** Intl separates some parts by spaces that do not break. */
const plain = (text: string): string => text.replace(/[\u00a0\u202f]/g, ' ')
const english = formatsOf('en-GB')
const german = formatsOf('de-DE')

/** A moment of the time zone that the tests run in. */
const at = (year: number, month: number, day: number, hour = 0, minute = 0) =>
  new Date(year, month - 1, day, hour, minute)

describe('sizes', () => {
  it.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [999_500, '1 MB'],
    [1_500_000, '1.5 MB'],
    [312_400_000_000, '312 GB'],
    [99_960_000_000, '100 GB'],
    [2e12, '2 TB'],
  ])('of %d bytes are %s', (bytes, text) => {
    expect(plain(english.bytes(bytes))).toBe(text)
  })

  it('are written as the locale writes numbers', () => {
    expect(plain(german.bytes(1_500_000_000))).toBe('1,5 GB')
  })
})

describe('moments', () => {
  const now = at(2026, 11, 26, 14, 2).getTime()

  it('of today and yesterday are called so', () => {
    expect(english.when(at(2026, 11, 26, 9, 5).toISOString(), now)).toBe('today 09:05')
    expect(english.when(at(2026, 11, 25, 23, 59).toISOString(), now)).toBe('yesterday 23:59')
    expect(german.when(at(2026, 11, 27, 0, 1).toISOString(), now)).toBe('morgen 00:01')
  })

  it('further away have their date', () => {
    expect(english.when(at(2026, 6, 12, 14, 2).toISOString(), now)).toBe('12 June 2026, 14:02')
  })

  it('are as long ago as the calendar says', () => {
    expect(english.ago(at(2026, 11, 26, 14, 1).toISOString(), now)).toBe('1 minute ago')
    expect(english.ago(at(2026, 11, 26, 11, 0).toISOString(), now)).toBe('3 hours ago')
    expect(english.ago(at(2026, 11, 23, 23, 0).toISOString(), now)).toBe('3 days ago')
    expect(english.ago(at(2026, 11, 28, 16, 0).toISOString(), now)).toBe('in 2 days')
  })

  it('are whole days apart, whatever the clocks did in between', () => {
    expect(daysBetween(at(2026, 3, 28, 23), at(2026, 3, 30, 1))).toBe(2)
    expect(daysBetween(at(2026, 10, 24, 1), at(2026, 10, 26, 23))).toBe(2)
  })
})

describe('spans', () => {
  it.each([
    [0, '0 secs'],
    [59_400, '59 secs'],
    [60_000, '1 min'],
    [4_320_000, '1 hr 12 mins'],
    [90_000_000, '1 day 1 hr'],
    [86_430_000, '1 day'],
  ])('of %d ms are %s', (ms, text) => {
    expect(plain(english.duration(ms))).toBe(text)
  })
})
