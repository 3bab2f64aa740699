import { z } from 'zod'
import { readCron } from './cronText.ts'

/**
 * When a job runs. Times of day and days are those of the schedule's time zone, or of the computer when it names none.
 *
 * Objects are strict: a key that this version does not know could be a restriction, and ignoring it would run a job when
 * nobody wants it.
 */

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Weekday = (typeof weekdays)[number]

/** "03:00" */
export const timeOfDaySchema = z
  .string()
  .regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/, 'expected a time of day from 00:00 to 23:59')

/**
 * Hours between two runs of a rule `drive` that says nothing else. Less than a day, so that a drive that is connected for
 * a while each evening, not always at the same minute, is used each evening.
 */
export const defaultDriveHours = 12

export const scheduleRuleSchema = z.discriminatedUnion('kind', [
  /** Every hour at that minute; without one, at a minute that depends on the job. */
  z.strictObject({ kind: z.literal('hourly'), minute: z.int().min(0).max(59).optional() }),
  /** At `from` and every so many hours after it until the same time of the next day, where it begins anew. */
  z.strictObject({ kind: z.literal('everyHours'), hours: z.int().min(2).max(23), from: timeOfDaySchema }),
  z.strictObject({ kind: z.literal('daily'), time: timeOfDaySchema }),
  z.strictObject({
    kind: z.literal('weekly'),
    weekdays: z
      .array(z.enum(weekdays))
      .min(1)
      .max(weekdays.length)
      .refine(days => days.every((day, i) => i === 0 || weekdays.indexOf(days[i - 1]!) < weekdays.indexOf(day)), {
        error: 'expected each weekday once, in the order of the week from mon',
      }),
    time: timeOfDaySchema,
  }),
  /** In a month that is shorter than `day`, on its last day. */
  z.strictObject({
    kind: z.literal('monthly'),
    day: z.union([z.int().min(1).max(31), z.literal('last')]),
    time: timeOfDaySchema,
  }),
  /** Five fields separated by single spaces; see readCron. */
  z.strictObject({
    kind: z.literal('cron'),
    expression: z
      .string()
      .max(200)
      .superRefine((text, context) => {
        const reading = readCron(text)
        if (!reading.ok) context.addIssue(`expected ${reading.mistake.expected}`)
        else if (text !== text.trim().replace(/\s+/g, ' '))
          context.addIssue('expected single spaces between the fields')
      }),
  }),
  /** While the drive of the destination is connected, when the last run began at least `hours` ago. */
  z.strictObject({
    kind: z.literal('drive'),
    hours: z
      .int()
      .min(1)
      .max(24 * 365)
      .default(defaultDriveHours),
  }),
])
export type ScheduleRule = z.infer<typeof scheduleRuleSchema>

export const maxScheduleRules = 16
export const maxSpreadMinutes = 12 * 60

export const scheduleSchema = z.strictObject({
  /** The job runs when any of them says so; rules that are due together make one run. */
  rules: z.array(scheduleRuleSchema).min(1).max(maxScheduleRules),
  timeZone: z
    .string()
    .max(100)
    .refine(isTimeZone, { error: ({ input }) => unknownTimeZone(String(input)) })
    .optional(),
  /**
   * A run begins up to so many minutes after the time that its rule names, always as many for the same job, so that not
   * every computer turns to the same storage in the same second. Default: 60 for hourly rules without a minute, else 5.
   */
  spreadMinutes: z.int().min(0).max(maxSpreadMinutes).optional(),
})
export type Schedule = z.infer<typeof scheduleSchema>

/** True for a name of the IANA list that this computer knows. */
export function isTimeZone(name: string): boolean {
  // Intl also takes offsets such as +02:00, which know no summer time and are hardly what somebody means.
  if (!/^[A-Za-z]/.test(name)) return false
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name })
    return true
  } catch {
    return false
  }
}

export const unknownTimeZone = (name: string): string => `“${name}” is not a time zone that this computer knows`

/** From `from` until `to` of the same or the next day, in the time zone of the schedule. */
export const quietHoursSchema = z
  .strictObject({ from: timeOfDaySchema, to: timeOfDaySchema })
  .refine(({ from, to }) => from !== to, { error: 'expected two different times' })
export type QuietHours = z.infer<typeof quietHoursSchema>

export const maxQuietHours = 8

/** No run begins while any of them lasts. Together they leave some of the day, or nothing would ever run. */
export const quietHoursListSchema = z
  .array(quietHoursSchema)
  .max(maxQuietHours)
  .refine(list => !fillsDay(list), { error: 'expected quiet hours that leave some of the day for runs' })

/** Whether every minute of the day lies in one of them. */
function fillsDay(list: readonly QuietHours[]): boolean {
  const minuteOf = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))
  // The hours that go on over midnight are two stretches of the day.
  const stretches = list
    .map(({ from, to }) => [minuteOf(from), minuteOf(to)] as const)
    .flatMap(([from, to]) => (from < to ? [[from, to] as const] : [[from, 24 * 60] as const, [0, to] as const]))
    .sort(([a], [b]) => a - b)
  let until = 0
  for (const [from, to] of stretches) if (from <= until) until = Math.max(until, to)
  return until === 24 * 60
}

/** What is to be done with a job now; see decide in scheduler/decision.ts. */
export const jobStates = [
  /** Run it as soon as there is a free place. */
  'due',
  'running',
  /** Nothing to do before its next time. */
  'scheduled',
  /** It has no schedule and runs only when somebody asks. */
  'unscheduled',
  /** It would run if the drive were there. Not an error. */
  'waitingForDrive',
  /** It would run but for the network, the quiet hours, the battery or the metered connection. */
  'waiting',
  /** It failed and will be tried again. */
  'backingOff',
  'paused',
] as const
export type JobState = (typeof jobStates)[number]

/** Why a job is in its state. */
export const jobStateReasons = [
  'manual',
  'firstRun',
  'time',
  'missed',
  'drive',
  /** Another destination of the job has versions that this one lacks. */
  'copies',
  'running',
  'nextTime',
  'noSchedule',
  'driveMissing',
  'offline',
  'quietHours',
  'battery',
  'metered',
  'failed',
  'paused',
] as const
export type JobStateReason = (typeof jobStateReasons)[number]
