import { describe, expect, it } from 'vitest'
import { parseFilterDate, resolveFilterDate } from '../../../engine/versions/filterDates.ts'

// Berlin: UTC+1, from 29 March 2026 01:00 UTC on UTC+2.
const berlin = 'Europe/Berlin'
const resolve = (text: string, now = '2026-03-31T12:00:00.500Z', timeZone = berlin) => {
  const { from, to } = resolveFilterDate(parseFilterDate(text)!, Date.parse(now), timeZone)
  return [new Date(from).toISOString(), to - from]
}

const hour = 3_600_000

describe('absolute dates', () => {
  it.each([
    ['2026-01-31', '2026-01-30T23:00:00.000Z', 24 * hour],
    ['2026-03-29', '2026-03-28T23:00:00.000Z', 23 * hour],
    ['2026-10-25', '2026-10-24T22:00:00.000Z', 25 * hour],
    ['2026-01-31T10:00', '2026-01-31T09:00:00.000Z', 60_000],
    ['2026-01-31T10:00:00', '2026-01-31T09:00:00.000Z', 1000],
    ['2026-07-31 10:00:00', '2026-07-31T08:00:00.000Z', 1000],
    ['2026-01-31T10:00:00.250', '2026-01-31T09:00:00.250Z', 1],
    ['2026-01-31T10:00:00Z', '2026-01-31T10:00:00.000Z', 1000],
    ['2026-01-31t10:00:00.5z', '2026-01-31T10:00:00.500Z', 1],
    ['2026-01-31T10:00:00+05:30', '2026-01-31T04:30:00.000Z', 1000],
    ['2026-01-31T10:00:00-0300', '2026-01-31T13:00:00.000Z', 1000],
    ['2024-02-29', '2024-02-28T23:00:00.000Z', 24 * hour],
  ])('%s', (text, from, length) => {
    expect(resolve(text)).toEqual([from, length])
  })
})

describe('relative dates', () => {
  it.each([
    ['now', '2026-03-31T12:00:00.500Z', 1],
    ['today', '2026-03-30T22:00:00.000Z', 24 * hour],
    ['Yesterday', '2026-03-29T22:00:00.000Z', 24 * hour],
    ['90 seconds ago', '2026-03-31T11:58:30.500Z', 1],
    ['a minute ago', '2026-03-31T11:59:00.500Z', 1],
    ['an hour ago', '2026-03-31T11:00:00.500Z', 1],
    ['0 days ago', '2026-03-31T12:00:00.500Z', 1],
    ['one day ago', '2026-03-30T12:00:00.500Z', 1],
    [' 2  days ago ', '2026-03-29T12:00:00.500Z', 1],
    ['1 week ago', '2026-03-24T13:00:00.500Z', 1],
    ['1 month ago', '2026-02-28T13:00:00.500Z', 1],
    ['4 months ago', '2025-11-30T13:00:00.500Z', 1],
    ['2 years ago', '2024-03-31T12:00:00.500Z', 1],
  ])('%s', (text, from, length) => {
    expect(resolve(text)).toEqual([from, length])
  })

  it.each(['999999 hours ago', '999999 days ago', '999999 weeks ago', '999999 months ago', '999999 years ago'])(
    '%s is no earlier than 1970',
    text => {
      const span = resolveFilterDate(parseFilterDate(text)!, Date.parse('2026-03-31T12:00:00Z'), 'UTC')
      expect(span).toEqual({ from: 0, to: 1 })
    },
  )

  it('takes yesterday from the local day, not from UTC', () => {
    expect(resolve('yesterday', '2026-01-31T23:30:00Z')[0]).toBe('2026-01-30T23:00:00.000Z')
    expect(resolve('yesterday', '2026-01-31T23:30:00Z', 'UTC')[0]).toBe('2026-01-30T00:00:00.000Z')
  })
})

it.each([
  '',
  'soon',
  '2026',
  '2026-01',
  '2026-1-1',
  '2026-02-30',
  '2026-13-01',
  '1969-12-31',
  '2026-01-31T24:00:00',
  '2026-01-31T10:60',
  '2026-01-31T10',
  '2026-01-31Z',
  '2026-01-31T10:00:00+15:00',
  '2026-01-31T10:00:00+01:75',
  '2 days',
  '-2 days ago',
  '1.5 days ago',
  'two days ago',
  '2 decades ago',
  '9999999 days ago',
  'tomorrow',
])('“%s” is no date', text => {
  expect(parseFilterDate(text)).toBeUndefined()
})
