import { Cron } from 'croner'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseSchedule } from '../../../engine/contract/scheduleText.ts'
import { nextTime, previousTime, upcomingTimes } from '../../../engine/scheduler/times.ts'
import { anyCron, anyFixedCron, anyTimedSchedule, changingZones } from '../../support/schedules.ts'

const utc = (text: string) => Date.parse(`${text}Z`)
const iso = (at: number) => new Date(at).toISOString().slice(0, 16)
const instants = fc.integer({ min: utc('1971-01-01T00:00'), max: utc('2090-01-01T00:00') })
const exactly = (text: string, timeZone?: string) =>
  parseSchedule(`${text}; spread 0${timeZone === undefined ? '' : `; in ${timeZone}`}`)
const upcoming = (text: string, zone: string, after: string, count: number) =>
  upcomingTimes(exactly(text, zone), 'job', utc(after), count).map(iso)

describe('the times of a rule', () => {
  it.each([
    ['hourly', '2026-01-31T22:59', ['2026-01-31T23:00', '2026-02-01T00:00']],
    ['hourly at :15', '2026-01-31T22:15', ['2026-01-31T23:15', '2026-02-01T00:15']],
    ['every 6 hours from 02:00', '2026-01-01T00:00', ['2026-01-01T02:00', '2026-01-01T08:00', '2026-01-01T14:00']],
    ['every 9 hours from 20:30', '2026-01-01T00:00', ['2026-01-01T05:30', '2026-01-01T14:30', '2026-01-01T20:30']],
    ['daily at 20:00', '2026-01-01T20:00', ['2026-01-02T20:00', '2026-01-03T20:00']],
    ['weekly on sun at 03:00', '2026-01-01T00:00', ['2026-01-04T03:00', '2026-01-11T03:00']],
    ['weekly on mon,thu at 3:00', '2026-01-01T00:00', ['2026-01-01T03:00', '2026-01-05T03:00', '2026-01-08T03:00']],
    ['monthly on 1 at 04:00', '2026-01-01T04:00', ['2026-02-01T04:00', '2026-03-01T04:00']],
    ['monthly on 31 at 04:00', '2026-01-31T04:00', ['2026-02-28T04:00', '2026-03-31T04:00', '2026-04-30T04:00']],
    ['monthly on 30 at 04:00', '2028-01-31T04:00', ['2028-02-29T04:00', '2028-03-30T04:00', '2028-04-30T04:00']],
    ['monthly on last at 04:00', '2026-01-31T04:00', ['2026-02-28T04:00', '2026-03-31T04:00']],
    ['cron 0 3 * * 1-5', '2026-01-02T03:00', ['2026-01-05T03:00', '2026-01-06T03:00']],
    ['cron 0 0 29 2 *', '2096-03-01T00:00', ['2104-02-29T00:00', '2108-02-29T00:00']],
    ['cron 0 0 */31 2 mon', '2026-01-01T00:00', ['2027-02-01T00:00', '2038-02-01T00:00']],
  ])('%s: after %s', (text, after, expected) => {
    expect(upcoming(text, 'UTC', after, expected.length)).toEqual(expected)
  })

  it('are those of all rules together, each once', () => {
    expect(upcoming('daily at 20:00; weekly on sat at 20:00; daily at 8:00', 'UTC', '2026-01-02T12:00', 4)).toEqual([
      '2026-01-02T20:00',
      '2026-01-03T08:00',
      '2026-01-03T20:00',
      '2026-01-04T08:00',
    ])
  })

  it('do not exist for a drive alone', () => {
    const schedule = parseSchedule('when the drive is connected')
    expect(nextTime(schedule, 'job', 0)).toBeNull()
    expect(previousTime(schedule, 'job', 0)).toBeNull()
    expect(upcomingTimes(schedule, 'job', 0, 3)).toEqual([])
  })

  it('follow the zone of this computer when none is named', () => {
    const at = nextTime(exactly('daily at 20:00'), 'job', utc('2026-01-01T00:00'))!
    expect([new Date(at).getHours(), new Date(at).getMinutes()]).toEqual([20, 0])
  })
})

describe('when clocks change', () => {
  it.each([
    // Skipped: the first instant after the gap, and only once.
    ['daily at 02:30', 'Europe/Berlin', '2026-03-28T12:00', ['2026-03-29T01:00', '2026-03-30T00:30']],
    ['daily at 02:30', 'America/New_York', '2026-03-07T12:00', ['2026-03-08T07:00', '2026-03-09T06:30']],
    ['daily at 02:10', 'Australia/Lord_Howe', '2026-10-03T00:00', ['2026-10-03T15:30', '2026-10-04T15:10']],
    ['daily at 00:00', 'America/Sao_Paulo', '2018-11-03T12:00', ['2018-11-04T03:00', '2018-11-05T02:00']],
    ['daily at 00:20', 'Asia/Beirut', '2022-03-26T12:00', ['2022-03-26T22:00', '2022-03-27T21:20']],
    ['cron */20 2 * * *', 'Europe/Berlin', '2026-03-28T12:00', ['2026-03-29T01:00', '2026-03-30T00:00']],
    [
      'every 2 hours from 00:00',
      'Europe/Berlin',
      '2026-03-28T22:30',
      ['2026-03-28T23:00', '2026-03-29T01:00', '2026-03-29T02:00'],
    ],
    // A whole day that Samoa never had.
    [
      'daily at 20:00',
      'Pacific/Apia',
      '2011-12-29T12:00',
      ['2011-12-30T06:00', '2011-12-30T10:00', '2011-12-31T06:00'],
    ],
    // Shown twice: the first time.
    ['daily at 02:30', 'Europe/Berlin', '2026-10-24T12:00', ['2026-10-25T00:30', '2026-10-26T01:30']],
    ['daily at 01:30', 'America/New_York', '2026-10-31T12:00', ['2026-11-01T05:30', '2026-11-02T06:30']],
    ['daily at 01:45', 'Australia/Lord_Howe', '2026-04-04T00:00', ['2026-04-04T14:45', '2026-04-05T15:15']],
    ['daily at 23:30', 'America/Sao_Paulo', '2019-02-16T12:00', ['2019-02-17T01:30', '2019-02-18T02:30']],
    ['daily at 00:00', 'America/St_Johns', '2006-10-28T12:00', ['2006-10-29T02:30', '2006-10-30T03:30']],
    // Hours as they pass: none is left out or shared in autumn, and in spring the skipped one is not made up for.
    ['hourly', 'Europe/Berlin', '2026-10-24T23:30', ['2026-10-25T00:00', '2026-10-25T01:00', '2026-10-25T02:00']],
    ['hourly at :15', 'Europe/Berlin', '2026-03-28T23:30', ['2026-03-29T00:15', '2026-03-29T01:15']],
    [
      'hourly at :45',
      'Australia/Lord_Howe',
      '2026-04-04T14:00',
      ['2026-04-04T14:45', '2026-04-04T15:15', '2026-04-04T16:15'],
    ],
    [
      'cron 0 * * * *',
      'America/St_Johns',
      '2006-10-29T02:00',
      ['2006-10-29T02:30', '2006-10-29T03:30', '2006-10-29T04:30'],
    ],
    // The hour before midnight again, after the first minute of the next day.
    [
      'cron */30 * * * *',
      'America/St_Johns',
      '2006-10-29T01:59',
      ['2006-10-29T02:00', '2006-10-29T02:30', '2006-10-29T03:00', '2006-10-29T03:30', '2006-10-29T04:00'],
    ],
  ])('%s in %s: after %s', (text, zone, after, expected) => {
    expect(upcoming(text, zone, after, expected.length)).toEqual(expected)
    const before = expected.map(time => iso(previousTime(exactly(text, zone), 'job', utc(time) - 1)!))
    expect(before.slice(1)).toEqual(expected.slice(0, -1))
  })
})

describe('nextTime and previousTime', () => {
  const cases = [anyTimedSchedule, instants, fc.string()] as const

  it('lie after and not after the instant asked about, with nothing between them', () => {
    fc.assert(
      fc.property(...cases, (schedule, at, jobId) => {
        const next = nextTime(schedule, jobId, at)!
        const previous = previousTime(schedule, jobId, at)!
        expect(next).toBeGreaterThan(at)
        expect(previous).toBeLessThanOrEqual(at)
        expect(nextTime(schedule, jobId, previous)).toBe(next)
        expect(previousTime(schedule, jobId, next)).toBe(next)
        expect(previousTime(schedule, jobId, next - 1)).toBe(previous)
      }),
    )
  })

  it('never go back when time goes on', () => {
    fc.assert(
      fc.property(anyTimedSchedule, instants, fc.nat({ max: 3 * 86_400_000 }), (schedule, at, later) => {
        expect(nextTime(schedule, 'job', at + later)!).toBeGreaterThanOrEqual(nextTime(schedule, 'job', at)!)
        expect(previousTime(schedule, 'job', at + later)!).toBeGreaterThanOrEqual(previousTime(schedule, 'job', at)!)
      }),
    )
  })

  it('agree with croner on any cron line where clocks never change', () => {
    fc.assert(
      fc.property(anyCron, instants, (expression, at) => {
        const oracle = new Cron(expression, { timezone: 'UTC', mode: '5-part' })
        expect(nextTime(exactly(`cron ${expression}`, 'UTC'), 'job', at)).toBe(oracle.nextRun(new Date(at))!.getTime())
      }),
    )
  })

  it('agree with croner on cron lines with times of day around changes of clocks', () => {
    const nearChanges = fc
      .tuple(fc.constantFrom('2026-03-08', '2026-03-29', '2026-10-25', '2026-11-01'), fc.nat({ max: 60 * 60 }))
      .map(([day, minutes]) => utc(`${day}T00:00`) + (minutes - 30 * 60) * 60_000)
    const zones = fc.constantFrom('Europe/Berlin', 'America/New_York')
    fc.assert(
      fc.property(anyFixedCron, zones, nearChanges, (expression, timezone, at) => {
        const oracle = new Cron(expression, { timezone, mode: '5-part', fixedTimeRule: 'no-wildcard' })
        const found = nextTime(exactly(`cron ${expression}`, timezone), 'job', at)!
        expect(iso(found)).toBe(iso(oracle.nextRun(new Date(at))!.getTime()))
      }),
    )
  })

  it('agree with croner on lines for every hour around changes of clocks', () => {
    const minutes = fc.array(fc.nat({ max: 59 }), { minLength: 1, maxLength: 3 })
    const at = fc.integer({ min: utc('2026-03-01T00:00'), max: utc('2026-11-10T00:00') })
    const changes = fc.constantFrom('2026-03-29T00:00', '2026-10-25T00:00').map(utc)
    const near = fc.tuple(changes, fc.integer({ min: -120, max: 240 })).map(([change, by]) => change + by * 60_000)
    fc.assert(
      fc.property(minutes, fc.oneof(at, near), (list, instant) => {
        const expression = `${list.join(',')} * * * *`
        const oracle = new Cron(expression, { timezone: 'Europe/Berlin', mode: '5-part' })
        const found = nextTime(exactly(`cron ${expression}`, 'Europe/Berlin'), 'job', instant)
        expect(found).toBe(oracle.nextRun(new Date(instant))!.getTime())
      }),
    )
  })
})

it('knows every zone that the tests name', () => {
  for (const zone of changingZones) expect(nextTime(exactly('hourly', zone), 'job', 0)).toBeGreaterThan(0)
})
