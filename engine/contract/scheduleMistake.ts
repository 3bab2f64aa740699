/** What a text of a schedule should have had where it is not understood; for programs that say so in words of their own. */

export const cronFieldNames = ['minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek'] as const
export type CronFieldName = (typeof cronFieldNames)[number]

export type ScheduleExpectation =
  /** At most so many characters. */
  | { code: 'shorter'; most: number }
  /** One of the rules. */
  | { code: 'rule' }
  | { code: 'fewerRules'; most: number }
  /** Something that stands there twice. */
  | { code: 'once'; word: string }
  | { code: 'word'; word: string }
  | { code: 'minutes' | 'hours' | 'day'; min: number; max: number }
  /** From :00 to :59. */
  | { code: 'minute' }
  | { code: 'time' }
  | { code: 'weekday' }
  | { code: 'zone' }
  /** There is a word, and it is no time zone. */
  | { code: 'knownZone'; zone: string }
  /** A semicolon, or nothing. */
  | { code: 'end' }
  /** A cron line ends before it. */
  | { code: 'cronField'; field: CronFieldName }
  /** A cron line has more than its five fields. */
  | { code: 'cronEnd' }
  /** A day that one of its months has. */
  | { code: 'cronDay' }
  | { code: 'cronValue'; field: CronFieldName; min: number; max: number }
  /** The end of a range, not before its beginning. */
  | { code: 'cronOrder'; field: CronFieldName; first: string }
  /** A star or a range before a step. */
  | { code: 'cronRange' }
  | { code: 'cronStep'; max: number }

export const scheduleExpectations = [
  'shorter',
  'rule',
  'fewerRules',
  'once',
  'word',
  'minutes',
  'hours',
  'day',
  'minute',
  'time',
  'weekday',
  'zone',
  'knownZone',
  'end',
  'cronField',
  'cronEnd',
  'cronDay',
  'cronValue',
  'cronOrder',
  'cronRange',
  'cronStep',
] as const satisfies readonly ScheduleExpectation['code'][]
