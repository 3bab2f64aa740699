import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import { type Schedule, scheduleSchema, weekdays } from '../../../engine/contract/schedule.ts'
import { scheduleExpectations } from '../../../engine/contract/scheduleMistake.ts'
import {
  formatQuietHours,
  formatSchedule,
  parseQuietHours,
  parseSchedule,
  type ScheduleMistake,
} from '../../../engine/contract/scheduleText.ts'
import { anySchedule } from '../../support/schedules.ts'

const errorOf = (text: string, parse: (text: string) => unknown = parseSchedule): HoldfastError => {
  try {
    parse(text)
  } catch (error) {
    if (error instanceof HoldfastError) return error
    throw error
  }
  throw new Error(`“${text}” was accepted`)
}

describe('parseSchedule', () => {
  it.each<[string, Schedule['rules'][number]]>([
    ['hourly', { kind: 'hourly' }],
    ['hourly at :05', { kind: 'hourly', minute: 5 }],
    ['every 6 hours from 2:00', { kind: 'everyHours', hours: 6, from: '02:00' }],
    ['daily at 20:00', { kind: 'daily', time: '20:00' }],
    ['weekly on sun at 03:00', { kind: 'weekly', weekdays: ['sun'], time: '03:00' }],
    ['weekly on thu,mon at 3:00', { kind: 'weekly', weekdays: ['mon', 'thu'], time: '03:00' }],
    ['Weekly on Monday, Thursday at 3:00', { kind: 'weekly', weekdays: ['mon', 'thu'], time: '03:00' }],
    ['monthly on 1 at 04:00', { kind: 'monthly', day: 1, time: '04:00' }],
    ['monthly on last at 04:00', { kind: 'monthly', day: 'last', time: '04:00' }],
    ['cron 0 3 * * 1-5', { kind: 'cron', expression: '0 3 * * 1-5' }],
    ['cron  0,30   3 * JAN  mon-fri ', { kind: 'cron', expression: '0,30 3 * JAN mon-fri' }],
    ['when the drive is connected', { kind: 'drive', hours: 12 }],
    ['when the drive is connected, at most every 1 hour', { kind: 'drive', hours: 1 }],
    ['  when the drive is\tconnected ,at most every 48 hours', { kind: 'drive', hours: 48 }],
  ])('reads “%s”', (text, rule) => {
    expect(parseSchedule(text)).toEqual({ rules: [rule] })
  })

  it('reads several rules and the settings of the whole schedule', () => {
    expect(parseSchedule('hourly;daily at 20:00; spread 1 minute ; in Europe/Berlin')).toEqual({
      rules: [{ kind: 'hourly' }, { kind: 'daily', time: '20:00' }],
      spreadMinutes: 1,
      timeZone: 'Europe/Berlin',
    })
    expect(parseSchedule('spread 0; hourly')).toEqual({ rules: [{ kind: 'hourly' }], spreadMinutes: 0 })
  })

  it.each([
    ['', 1, 'expected hourly, every'],
    ['   ', 4, 'there is nothing'],
    ['hourly;', 8, 'there is nothing'],
    ['; hourly', 1, 'there is nothing'],
    ['hourly; ;daily at 20:00', 9, 'there is nothing'],
    ['sometimes', 1, 'instead of “sometimes”'],
    ['hourly at 15', 11, 'a minute from :00 to :59 instead of “15”'],
    ['hourly at :60', 11, 'a minute from :00 to :59'],
    ['hourly at', 10, 'a minute from :00 to :59, but there is nothing'],
    ['hourly on :15', 8, '“at” instead of “on”'],
    ['hourly at :15 daily', 15, '“;” or the end instead of “daily”'],
    ['daily', 6, '“at”, but there is nothing'],
    ['daily at 24:00', 10, 'a time of day from 00:00 to 23:59'],
    ['daily at 8pm', 10, 'a time of day'],
    ['daily at 20:00, 21:00', 15, '“;” or the end instead of “,”'],
    ['hourly; daily at 20:0', 18, 'a time of day'],
    ['weekly on at 3:00', 11, 'a weekday (mon, tue'],
    ['weekly on mon, at 3:00', 16, 'a weekday'],
    ['weekly on mon,thu,mon at 3:00', 19, '“mon” only once'],
    ['weekly on mon thu at 3:00', 15, '“at” instead of “thu”'],
    ['monthly on 0 at 3:00', 12, '“last” or a day from 1 to 31'],
    ['monthly on 32 at 3:00', 12, '“last” or a day from 1 to 31'],
    ['every 1 hours from 2:00', 7, 'from 2 to 23'],
    ['every 24 hours from 2:00', 7, 'from 2 to 23'],
    ['every 6 hours', 14, '“from”, but there is nothing'],
    ['cron', 5, 'minute here'],
    ['cron 0 3 * *', 13, 'day of the week here'],
    ['hourly; cron 0 25 * * *', 16, 'expected hour from 0 to 23 instead of “25”'],
    ['cron 0 3 * * * 2030', 16, 'the end instead of “2030”'],
    ['cron 0 3 30 2 *', 10, 'a day that the months have'],
    ['when the disk is connected', 10, '“drive” instead of “disk”'],
    ['when the drive is connected, often', 30, '“at” instead of “often”'],
    ['when the drive is connected, at most every 0 hours', 44, 'from 1 to 8760'],
    ['in Europe/Berlin', 17, 'expected hourly'],
    ['hourly; in Europe/Atlantis', 12, '“Europe/Atlantis” is not a time zone'],
    ['hourly; in +02:00', 12, '“+02:00” is not a time zone'],
    ['hourly; in', 11, 'a time zone, for example'],
    ['hourly; in UTC; in UTC', 17, '“in” only once'],
    ['hourly; spread 721', 16, 'from 0 to 720'],
    ['hourly; spread 5 hours', 18, '“minutes” instead of “hours”'],
    ['hourly; spread 5; spread 6', 19, '“spread” only once'],
    ['constructor', 1, 'instead of “constructor”'],
  ])('refuses “%s” with a caret under column %d', (text, column, expected) => {
    const error = errorOf(text)
    expect(error.code).toBe('usage.invalid')
    expect(error.details).toMatchObject({ text, column })
    expect(scheduleExpectations).toContain((error.details as unknown as ScheduleMistake).expected.code)
    expect(error.message).toContain(expected)
    expect(error.advice).toBeTruthy()
  })

  it('refuses more rules than a schedule may have', () => {
    expect(parseSchedule(Array(16).fill('hourly').join(';')).rules).toHaveLength(16)
    expect(errorOf(Array(17).fill('hourly').join(';')).message).toContain('at most 16 rules')
  })

  it('refuses a text of endless length without repeating it', () => {
    const error = errorOf('hourly;'.repeat(100_000))
    expect(error.message.length).toBeLessThan(200)
  })

  it('reads what formatSchedule writes, and the schema accepts it', () => {
    fc.assert(
      fc.property(anySchedule, schedule => {
        expect(parseSchedule(formatSchedule(schedule))).toEqual(schedule)
        expect(scheduleSchema.parse(schedule)).toEqual(schedule)
      }),
    )
  })

  it('accepts or refuses any text with a HoldfastError, and what it accepts round-trips', () => {
    const words = fc.constantFrom(
      ...['hourly', 'daily', 'weekly', 'monthly', 'cron', 'every', 'when the drive is connected', 'at', 'on', 'in'],
      ...[
        '20:00',
        ':15',
        'mon',
        ',',
        ';',
        '1',
        '6',
        'hours',
        'from',
        'last',
        '*',
        '* * * *',
        'UTC',
        'spread',
        'minutes',
      ],
    )
    const texts = fc.array(fc.oneof({ weight: 9, arbitrary: words }, fc.string())).map(parts => parts.join(' '))
    fc.assert(
      fc.property(texts, text => {
        let schedule: Schedule
        try {
          schedule = parseSchedule(text)
        } catch (error) {
          expect(error).toBeInstanceOf(HoldfastError)
          const { column } = (error as HoldfastError).details
          expect(column).toBeGreaterThanOrEqual(1)
          expect(column).toBeLessThanOrEqual(text.length + 1)
          return
        }
        expect(parseSchedule(formatSchedule(schedule))).toEqual(schedule)
      }),
    )
  })
})

describe('scheduleSchema', () => {
  const accepts = (schedule: unknown) => scheduleSchema.safeParse(schedule).success

  it('fills in how often a drive is used', () => {
    expect(scheduleSchema.parse({ rules: [{ kind: 'drive' }] })).toEqual({ rules: [{ kind: 'drive', hours: 12 }] })
  })

  it('refuses what the text form could not say', () => {
    expect(accepts({ rules: [{ kind: 'hourly' }] })).toBe(true)
    expect(accepts({ rules: [] })).toBe(false)
    expect(accepts({ rules: [{ kind: 'daily', time: '3:00' }] })).toBe(false)
    expect(accepts({ rules: [{ kind: 'weekly', weekdays: ['thu', 'mon'], time: '03:00' }] })).toBe(false)
    expect(accepts({ rules: [{ kind: 'weekly', weekdays: ['mon', 'mon'], time: '03:00' }] })).toBe(false)
    expect(accepts({ rules: [{ kind: 'weekly', weekdays: [], time: '03:00' }] })).toBe(false)
    expect(accepts({ rules: [{ kind: 'cron', expression: '0 3 * *' }] })).toBe(false)
    expect(accepts({ rules: [{ kind: 'cron', expression: '0  3 * * *' }] })).toBe(false)
    expect(accepts({ rules: [{ kind: 'hourly' }], timeZone: 'Europe/Atlantis' })).toBe(false)
    expect(accepts({ rules: [{ kind: 'hourly', unless: 'holiday' }] })).toBe(false)
  })

  it('names the unknown time zone', () => {
    const { error } = scheduleSchema.safeParse({ rules: [{ kind: 'hourly' }], timeZone: 'Europe/Atlantis' })
    expect(error!.issues[0]!.message).toContain('“Europe/Atlantis” is not a time zone')
  })
})

it('prints rules in the words that people use', () => {
  expect(
    formatSchedule({
      rules: [
        { kind: 'hourly', minute: 5 },
        { kind: 'weekly', weekdays: [...weekdays], time: '03:00' },
        { kind: 'drive', hours: 12 },
        { kind: 'drive', hours: 1 },
      ],
      spreadMinutes: 0,
      timeZone: 'UTC',
    }),
  ).toBe(
    'hourly at :05; weekly on mon,tue,wed,thu,fri,sat,sun at 03:00; when the drive is connected; ' +
      'when the drive is connected, at most every 1 hour; spread 0 minutes; in UTC',
  )
})

describe('parseQuietHours', () => {
  it('reads what formatQuietHours writes', () => {
    expect(parseQuietHours(' 22:00 - 6:30')).toEqual({ from: '22:00', to: '06:30' })
    expect(formatQuietHours({ from: '22:00', to: '06:30' })).toBe('22:00-06:30')
  })

  it.each(['', '22:00', '22-6', '22:00-22:00', '22:00-24:00', '22:00-6:00-7:00'])('refuses “%s”', text => {
    expect(errorOf(text, parseQuietHours).code).toBe('usage.invalid')
  })
})
