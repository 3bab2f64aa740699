import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatLocalMinute, fromWallClock, offsetAt, toWallClock } from '../../../engine/base/localTime.ts'
import { isHoldfastError } from '../../../engine/contract/errors.ts'

const utc = (text: string) => Date.parse(`${text}Z`)
const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Pacific/Apia']

describe('toWallClock', () => {
  it('shows local time in winter and in summer', () => {
    expect(toWallClock(utc('2026-01-31T10:00:00.123'), 'Europe/Berlin')).toBe(utc('2026-01-31T11:00:00.123'))
    expect(toWallClock(utc('2026-07-31T10:00:00.123'), 'Europe/Berlin')).toBe(utc('2026-07-31T12:00:00.123'))
    expect(offsetAt(utc('2026-07-31T10:00:00'), 'Asia/Kolkata')).toBe(5.5 * 3_600_000)
  })

  it('keeps the milliseconds of times before 1970', () => {
    expect(toWallClock(utc('1969-12-31T23:59:59.250'), 'UTC')).toBe(utc('1969-12-31T23:59:59.250'))
  })

  it('takes the zone of this computer when none is given', () => {
    const at = utc('2026-07-31T10:00:00')
    expect(toWallClock(at, undefined)).toBe(Date.UTC(...localFields(at)))
  })

  it('refuses a zone that does not exist', () => {
    const read = () => toWallClock(0, 'Europe/Atlantis')
    expect(read).toThrow('Europe/Atlantis')
    expect(read).toThrow(expect.toSatisfy(error => isHoldfastError(error, 'usage.invalid')))
  })
})

function localFields(at: number): [number, number, number, number, number] {
  const date = new Date(at)
  return [date.getFullYear(), date.getMonth(), date.getDate(), date.getHours(), date.getMinutes()]
}

describe('fromWallClock', () => {
  it('takes the first of two times that clocks show twice', () => {
    // On 25 October 2026 Berlin goes from 03:00 back to 02:00 at 01:00 UTC.
    expect(fromWallClock(utc('2026-10-25T02:30:00'), 'Europe/Berlin')).toBe(utc('2026-10-25T00:30:00'))
  })

  it('moves a time that clocks skip forward by the gap', () => {
    expect(fromWallClock(utc('2026-03-29T02:30:00'), 'Europe/Berlin')).toBe(utc('2026-03-29T01:30:00'))
  })

  it('takes the first moment of a day whose midnight is skipped', () => {
    // Cairo, 24 April 2026: clocks go from 00:00 to 01:00.
    const at = fromWallClock(utc('2026-04-24T00:00:00'), 'Africa/Cairo')
    expect(toWallClock(at, 'Africa/Cairo')).toBe(utc('2026-04-24T01:00:00'))
    expect(toWallClock(at - 1, 'Africa/Cairo')).toBe(utc('2026-04-23T23:59:59.999'))
  })

  it('undoes toWallClock except for the second showing of a time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: utc('2040-01-01T00:00:00') }), fc.constantFrom(...zones), (at, zone) => {
        const wallClock = toWallClock(at, zone)
        const back = fromWallClock(wallClock, zone)
        expect(toWallClock(back, zone)).toBe(wallClock)
        expect(back).toBeLessThanOrEqual(at)
      }),
    )
  })
})

it('formats a local minute', () => {
  expect(formatLocalMinute(utc('2026-01-31T23:30:59'), 'Europe/Berlin')).toBe('2026-02-01 00:30')
})
