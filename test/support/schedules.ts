import fc from 'fast-check'
import { type Schedule, type ScheduleRule, weekdays } from '../../engine/contract/schedule.ts'

const two = (value: number) => String(value).padStart(2, '0')
const minuteText = fc.nat({ max: 24 * 60 - 1 })
const time = minuteText.map(minute => `${two(Math.floor(minute / 60))}:${two(minute % 60)}`)

const numbers = (min: number, max: number) => {
  const value = fc.integer({ min, max })
  const range = fc.tuple(value, value).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`)
  return fc.oneof(
    value.map(String),
    range,
    fc.array(value, { minLength: 1, maxLength: 4 }).map(list => list.join(',')),
  )
}
const orStar = (field: fc.Arbitrary<string>) => fc.oneof(fc.constant('*'), field)
const step = fc.integer({ min: 1, max: 23 }).map(every => `*/${every}`)

/** Cron lines of all shapes whose days exist in every month. */
export const anyCron = fc
  .tuple(
    fc.oneof(numbers(0, 59), fc.constant('*'), step),
    fc.oneof(numbers(0, 23), fc.constant('*'), step),
    orStar(numbers(1, 28)),
    orStar(numbers(1, 12)),
    orStar(numbers(0, 6)),
  )
  .map(fields => fields.join(' '))

/** Cron lines that name their minutes and hours. */
export const anyFixedCron = fc
  .tuple(numbers(0, 59), numbers(0, 23), orStar(numbers(1, 28)), orStar(numbers(1, 12)), orStar(numbers(0, 6)))
  .map(fields => fields.join(' '))

/** Rules that name times. */
export const anyTimedRule: fc.Arbitrary<Exclude<ScheduleRule, { kind: 'drive' }>> = fc.oneof(
  fc.record({ kind: fc.constant('hourly' as const) }),
  fc.record({ kind: fc.constant('hourly' as const), minute: fc.nat({ max: 59 }) }),
  fc.record({ kind: fc.constant('everyHours' as const), hours: fc.integer({ min: 2, max: 23 }), from: time }),
  fc.record({ kind: fc.constant('daily' as const), time }),
  fc.record({ kind: fc.constant('weekly' as const), weekdays: fc.subarray([...weekdays], { minLength: 1 }), time }),
  fc.record({
    kind: fc.constant('monthly' as const),
    day: fc.oneof(fc.integer({ min: 1, max: 31 }), fc.constant('last' as const)),
    time,
  }),
  fc.record({ kind: fc.constant('cron' as const), expression: anyCron }),
)

const anyRule: fc.Arbitrary<ScheduleRule> = fc.oneof(
  { weight: 6, arbitrary: anyTimedRule },
  fc.record({ kind: fc.constant('drive' as const), hours: fc.integer({ min: 1, max: 8760 }) }),
)

export const changingZones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'America/Sao_Paulo',
  'Asia/Beirut',
  'America/St_Johns',
  'Pacific/Apia',
] as const

const settings = {
  timeZone: fc.constantFrom(...changingZones),
  spreadMinutes: fc.nat({ max: 720 }),
}

const scheduleOf = (rule: fc.Arbitrary<ScheduleRule>): fc.Arbitrary<Schedule> =>
  fc.record(
    { rules: fc.array(rule, { minLength: 1, maxLength: 4 }), ...settings },
    { requiredKeys: ['rules'], noNullPrototype: true },
  )

export const anySchedule = scheduleOf(anyRule)

/** Schedules that name times, always with a zone, so that the computer's does not matter. */
export const anyTimedSchedule = fc
  .tuple(scheduleOf(anyTimedRule), settings.timeZone)
  .map(([schedule, timeZone]) => ({ ...schedule, timeZone }))
