import { type CronMistake, readCron } from './cronText.ts'
import { HoldfastError } from './errors.ts'
import {
  defaultDriveHours,
  isTimeZone,
  maxScheduleRules,
  maxSpreadMinutes,
  type QuietHours,
  quietHoursSchema,
  type Schedule,
  type ScheduleRule,
  unknownTimeZone,
  type Weekday,
  weekdays,
} from './schedule.ts'
import type { ScheduleExpectation } from './scheduleMistake.ts'

/** Longer texts are refused unread. */
const maxTextLength = 2000

/** Details of the error that parseSchedule throws. */
export interface ScheduleMistake {
  text: string
  /** From 1, in UTF-16 units. */
  column: number
  expected: ScheduleExpectation
}

/**
 * Reads a schedule as people write it: elements joined by `;`.
 *
 *     hourly                              hourly at :15
 *     every 6 hours from 02:00            daily at 20:00
 *     weekly on mon,thu at 3:00           monthly on 1 at 04:00
 *     monthly on last at 04:00            cron 0 3 * * 1-5
 *     when the drive is connected         when the drive is connected, at most every 24 hours
 *     spread 0 minutes                    in Europe/Berlin
 *
 * The first ten are rules, in any number up to 16; the last two are settings of the whole schedule, each at most once.
 * Case and the amount of space do not matter; days may be written in full.
 *
 * Otherwise usage.invalid. Its details are the whole `text` and the `column` (from 1, in UTF-16 units) at which to put a
 * caret, and what was `expected` there (a ScheduleExpectation), which the message says in words. So it is with a time zone that this computer does not know.
 */
export function parseSchedule(text: string): Schedule {
  if (text.length > maxTextLength) {
    throw mistakeAt(`${text.slice(0, 40)}…`, 1, `expected at most ${maxTextLength} characters`, {
      code: 'shorter',
      most: maxTextLength,
    })
  }
  const schedule: Schedule = { rules: [] }
  let start = 0
  for (const element of text.split(';')) {
    const words = new Words(text, start, start + element.length)
    readElement(words, schedule)
    words.end()
    start += element.length + 1
  }
  if (schedule.rules.length === 0) throw mistakeAt(text, text.length + 1, `expected ${ruleList}`, { code: 'rule' })
  return schedule
}

/** The schedule as text that parses to the same schedule. */
export function formatSchedule({ rules, timeZone, spreadMinutes }: Schedule): string {
  const elements = rules.map(formatScheduleRule)
  if (spreadMinutes !== undefined) elements.push(`spread ${count(spreadMinutes, 'minute')}`)
  if (timeZone !== undefined) elements.push(`in ${timeZone}`)
  return elements.join('; ')
}

/** One rule as text, for example "weekly on mon,thu at 03:00". */
export function formatScheduleRule(rule: ScheduleRule): string {
  switch (rule.kind) {
    case 'hourly':
      return rule.minute === undefined ? 'hourly' : `hourly at :${String(rule.minute).padStart(2, '0')}`
    case 'everyHours':
      return `every ${rule.hours} hours from ${rule.from}`
    case 'daily':
      return `daily at ${rule.time}`
    case 'weekly':
      return `weekly on ${rule.weekdays.join(',')} at ${rule.time}`
    case 'monthly':
      return `monthly on ${rule.day} at ${rule.time}`
    case 'cron':
      return `cron ${rule.expression}`
    case 'drive': {
      const limit = rule.hours === defaultDriveHours ? '' : `, at most every ${count(rule.hours, 'hour')}`
      return `when the drive is connected${limit}`
    }
  }
}

/** Reads `22:00-06:00`. Otherwise usage.invalid as for schedules. */
export function parseQuietHours(text: string): QuietHours {
  const times = /^\s*([0-9]{1,2}:[0-9]{2})\s*-\s*([0-9]{1,2}:[0-9]{2})\s*$/.exec(text)
  const hours = { from: padded(times?.[1] ?? ''), to: padded(times?.[2] ?? '') }
  const read = quietHoursSchema.safeParse(hours)
  if (read.success) return read.data
  throw new HoldfastError('usage.invalid', `The quiet hours “${text}” are not two different times of day.`, {
    advice: 'Write when they begin and end, for example 22:00-06:00.',
    details: { text, column: 1 },
  })
}

export const formatQuietHours = ({ from, to }: QuietHours): string => `${from}-${to}`

const ruleWords = ['hourly', 'every', 'daily', 'weekly', 'monthly', 'cron', 'when']
const ruleList = 'hourly, every, daily, weekly, monthly, cron or “when the drive is connected”'

function readElement(words: Words, schedule: Schedule): void {
  const word = words.peek().toLowerCase()
  if (ruleWords.includes(word)) {
    if (schedule.rules.length >= maxScheduleRules)
      throw words.refuse(`at most ${maxScheduleRules} rules`, { code: 'fewerRules', most: maxScheduleRules })
    schedule.rules.push(readRule(words))
  } else if (word === 'spread') {
    if (schedule.spreadMinutes !== undefined) throw words.refuse('“spread” only once', { code: 'once', word: 'spread' })
    words.take()
    schedule.spreadMinutes = words.number(0, maxSpreadMinutes, 'minutes')
    if (words.peek() !== '') words.literal('minutes', 'minute')
  } else if (word === 'in') {
    if (schedule.timeZone !== undefined) throw words.refuse('“in” only once', { code: 'once', word: 'in' })
    words.take()
    if (words.peek() === '') throw words.refuse('a time zone, for example Europe/Berlin', { code: 'zone' })
    if (!isTimeZone(words.peek())) {
      const advice = 'Write it as in the IANA list, for example Europe/Berlin or UTC.'
      throw words.complain(unknownTimeZone(words.peek()), { code: 'knownZone', zone: words.peek() }, advice)
    }
    schedule.timeZone = words.take()
  } else {
    throw words.refuse(ruleList, { code: 'rule' })
  }
}

function readRule(words: Words): ScheduleRule {
  switch (words.take().toLowerCase()) {
    case 'hourly':
      return words.peek() === '' ? { kind: 'hourly' } : { kind: 'hourly', minute: readMinute(words) }
    case 'every': {
      const hours = words.number(2, 23, 'hours')
      words.literal('hours')
      words.literal('from')
      return { kind: 'everyHours', hours, from: words.time() }
    }
    case 'daily':
      return { kind: 'daily', time: readAt(words) }
    case 'weekly':
      words.literal('on')
      return { kind: 'weekly', weekdays: readWeekdays(words), time: readAt(words) }
    case 'monthly': {
      words.literal('on')
      const last = words.peek().toLowerCase() === 'last'
      const day = last ? 'last' : words.number(1, 31, 'day')
      if (last) words.take()
      return { kind: 'monthly', day, time: readAt(words) }
    }
    case 'cron':
      return readCronRule(words)
    default:
      return readDriveRule(words)
  }
}

function readMinute(words: Words): number {
  words.literal('at')
  const minute = /^:([0-5][0-9])$/.exec(words.peek())?.[1]
  if (minute === undefined) throw words.refuse('a minute from :00 to :59', { code: 'minute' })
  words.take()
  return Number(minute)
}

function readAt(words: Words): string {
  words.literal('at')
  return words.time()
}

function readWeekdays(words: Words): Weekday[] {
  const found = new Set<Weekday>()
  do {
    const word = words.peek().toLowerCase()
    const day = weekdays.find((short, index) => word === short || word === fullWeekdays[index])
    if (day === undefined) throw words.refuse(`a weekday (${weekdays.join(', ')})`, { code: 'weekday' })
    if (found.has(day)) throw words.refuse(`“${day}” only once`, { code: 'once', word: day })
    found.add(day)
    words.take()
  } while (words.takeComma())
  return weekdays.filter(day => found.has(day))
}

const fullWeekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']

function readCronRule(words: Words): ScheduleRule {
  const rest = words.rest()
  const reading = readCron(rest.text)
  if (!reading.ok) throw words.refuseAt(rest.offset, reading.mistake)
  return { kind: 'cron', expression: rest.text.trim().replace(/\s+/g, ' ') }
}

function readDriveRule(words: Words): ScheduleRule {
  for (const word of ['the', 'drive', 'is', 'connected']) words.literal(word)
  if (!words.takeComma()) return { kind: 'drive', hours: defaultDriveHours }
  for (const word of ['at', 'most', 'every']) words.literal(word)
  const hours = words.number(1, 24 * 365, 'hours')
  words.literal('hours', 'hour')
  return { kind: 'drive', hours }
}

const numberWords = { minutes: 'a number of minutes', hours: 'a number of hours', day: '“last” or a day' } as const

/** The words and commas of one element, read one after the other. */
class Words {
  readonly #text: string
  readonly #end: number
  #at: number

  constructor(text: string, start: number, end: number) {
    this.#text = text
    this.#end = end
    this.#at = start
    this.#skipSpace()
  }

  /** The next word or comma; '' at the end of the element. */
  peek(): string {
    return /^(?:,|[^\s,]+)/.exec(this.#text.slice(this.#at, this.#end))?.[0] ?? ''
  }

  take(): string {
    const word = this.peek()
    this.#at += word.length
    this.#skipSpace()
    return word
  }

  takeComma(): boolean {
    return this.peek() === ',' && this.take() === ','
  }

  literal(...words: [string, ...string[]]): void {
    if (!words.includes(this.peek().toLowerCase())) {
      throw this.refuse(`“${words[0]}”`, { code: 'word', word: words[0] })
    }
    this.take()
  }

  number(min: number, max: number, code: keyof typeof numberWords): number {
    const word = this.peek()
    const value = /^[0-9]{1,9}$/.test(word) ? Number(word) : Number.NaN
    if (!(value >= min && value <= max)) {
      throw this.refuse(`${numberWords[code]} from ${min} to ${max}`, { code, min, max })
    }
    this.take()
    return value
  }

  time(): string {
    const word = this.peek()
    if (!/^([01]?[0-9]|2[0-3]):[0-5][0-9]$/.test(word)) {
      throw this.refuse('a time of day from 00:00 to 23:59', { code: 'time' })
    }
    this.take()
    return padded(word)
  }

  /** Everything up to the end of the element, unread so far. */
  rest(): { text: string; offset: number } {
    const offset = this.#at
    this.#at = this.#end
    return { text: this.#text.slice(offset, this.#end), offset }
  }

  end(): void {
    if (this.peek() !== '') throw this.refuse('“;” or the end', { code: 'end' })
  }

  /** The error that says what should stand where the next word is. */
  refuse(expected: string, expectation: ScheduleExpectation): HoldfastError {
    const word = this.peek()
    const instead = word === '' ? ', but there is nothing' : ` instead of “${word}”`
    return this.complain(`expected ${expected}${instead}`, expectation)
  }

  complain(message: string, expectation: ScheduleExpectation, advice?: string): HoldfastError {
    return mistakeAt(this.#text, this.#at + 1, message, expectation, advice)
  }

  refuseAt(offset: number, { offset: within, expected, expectation }: CronMistake): HoldfastError {
    return mistakeAt(this.#text, offset + within + 1, `expected ${expected}`, expectation)
  }

  #skipSpace(): void {
    while (this.#at < this.#end && /\s/.test(this.#text[this.#at]!)) this.#at++
  }
}

const padded = (time: string): string => time.padStart(5, '0')

const count = (value: number, unit: string): string => `${value} ${unit}${value === 1 ? '' : 's'}`

const usualAdvice =
  'Write rules joined by “;”, for example: daily at 20:00; weekly on mon,thu at 3:00; when the drive is connected.'

function mistakeAt(
  text: string,
  column: number,
  message: string,
  expected: ScheduleExpectation,
  advice = usualAdvice,
): HoldfastError {
  return new HoldfastError('usage.invalid', `The schedule “${text}” is wrong at column ${column}: ${message}.`, {
    advice,
    details: { text, column, expected } satisfies ScheduleMistake,
  })
}
