import type { CronFieldName, ScheduleExpectation } from './scheduleMistake.ts'

/** What the five fields of a cron line allow. Every list is sorted and not empty. */
export interface CronFields {
  minutes: number[]
  hours: number[]
  /** The hour field is `*`: the line follows the hours as they pass and not a time of day. */
  everyHour: boolean
  daysOfMonth: number[]
  months: number[]
  /** 0 is Sunday. */
  weekdays: number[]
  /** A day fits when its number or its weekday fits; otherwise both have to. */
  eitherDay: boolean
}

/** What is wrong with a cron line: what was expected, also in words, and where, in UTF-16 units from 0. */
export interface CronMistake {
  offset: number
  expected: string
  expectation: ScheduleExpectation
}

export type CronReading = { ok: true; fields: CronFields } | { ok: false; mistake: CronMistake }

interface FieldKind {
  field: CronFieldName
  name: string
  min: number
  max: number
  /** Names of the values from `min` on. */
  names: readonly string[]
}

const minuteField: FieldKind = { field: 'minute', name: 'minute', min: 0, max: 59, names: [] }
const hourField: FieldKind = { field: 'hour', name: 'hour', min: 0, max: 23, names: [] }
const dayField: FieldKind = { field: 'dayOfMonth', name: 'day of the month', min: 1, max: 31, names: [] }
const monthField: FieldKind = {
  field: 'month',
  name: 'month',
  min: 1,
  max: 12,
  names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
}
/** Sunday is 0 and 7, so that sat-sun and 6-7 are ranges. */
const weekdayField: FieldKind = {
  field: 'dayOfWeek',
  name: 'day of the week',
  min: 0,
  max: 7,
  names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'],
}
const fieldKinds = [minuteField, hourField, dayField, monthField, weekdayField] as const

/** Longest months, 29 days for February. */
const longestMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/**
 * Reads the five fields of crontab(5): minute, hour, day of the month, month, day of the week. Each is a star, a number, a
 * name (jan, mon), a range or a list of these; a star or a range may be followed by a step (`8-18/2`). As in crontab(5),
 * when neither of the two day fields contains a star, a day fits if one of them does; otherwise both must fit.
 *
 * A line that would never come due (30 February) is a mistake. There are no seconds, years, `@daily`, `L`, `W` or `#`.
 */
export function readCron(text: string): CronReading {
  const words = [...text.matchAll(/\S+/g)].map(match => ({ text: match[0], offset: match.index }))
  const missing = fieldKinds[words.length]
  if (missing) {
    return wrong(text.trimEnd().length, `${missing.name} here; a cron line has five fields`, {
      code: 'cronField',
      field: missing.field,
    })
  }
  const extra = words[fieldKinds.length]
  if (extra)
    return wrong(extra.offset, `the end instead of “${extra.text}”; a cron line has five fields`, { code: 'cronEnd' })

  const values: number[][] = []
  for (const [index, kind] of fieldKinds.entries()) {
    const read = readField(words[index]!.text, kind)
    if (!Array.isArray(read)) return wrong(words[index]!.offset + read.offset, read.expected, read.expectation)
    values.push(read)
  }
  const [minutes, hours, daysOfMonth, months, weekdaysTo7] = values as [
    number[],
    number[],
    number[],
    number[],
    number[],
  ]
  const weekdays = sortedSet(weekdaysTo7.map(day => day % 7))
  const eitherDay = !words[2]!.text.includes('*') && !words[4]!.text.includes('*')
  if (!eitherDay && !months.some(month => daysOfMonth[0]! <= longestMonth[month - 1]!)) {
    return wrong(words[2]!.offset, `a day that the months have instead of “${words[2]!.text}”`, { code: 'cronDay' })
  }
  const everyHour = words[1]!.text === '*'
  return { ok: true, fields: { minutes, hours, everyHour, daysOfMonth, months, weekdays, eitherDay } }
}

const wrong = (
  offset: number,
  expected: string,
  expectation: ScheduleExpectation,
): { ok: false; mistake: CronMistake } => ({ ok: false, mistake: { offset, expected, expectation } })

const sortedSet = (values: number[]): number[] => [...new Set(values)].sort((a, b) => a - b)

function readField(text: string, kind: FieldKind): number[] | CronMistake {
  const values: number[] = []
  let offset = 0
  for (const element of text.split(',')) {
    const read = readElement(element, kind)
    if (!Array.isArray(read)) return { ...read, offset: offset + read.offset }
    values.push(...read)
    offset += element.length + 1
  }
  return sortedSet(values)
}

/** One of `*`, `5` and `5-9`, the first and the last also with `/2` after it. */
function readElement(text: string, kind: FieldKind): number[] | CronMistake {
  const [, range = '', slash = '', stepText = ''] = /^([^/]*)(\/?)(.*)$/s.exec(text)!
  const [, firstText = '', dash = '', lastText = ''] = /^([^-]*)(-?)(.*)$/s.exec(range)!
  const star = range === '*'
  const first = star ? kind.min : readValue(firstText, kind)
  if (first === undefined) return { offset: 0, ...allowed(kind, firstText) }
  let last = star ? (kind === weekdayField ? 6 : kind.max) : first
  if (dash !== '') {
    const end = readValue(lastText, kind)
    if (end === undefined) return { offset: firstText.length + 1, ...allowed(kind, lastText) }
    last = kind === weekdayField && end === 0 && first > 0 ? 7 : end
    if (last < first) {
      return {
        offset: firstText.length + 1,
        expected: `${kind.name} not before “${firstText}”`,
        expectation: { code: 'cronOrder', field: kind.field, first: firstText },
      }
    }
  }
  if (slash === '') return span(first, last, 1)
  if (!star && dash === '')
    return { offset: range.length, expected: '“*” or a range before “/”', expectation: { code: 'cronRange' } }
  const step = /^[0-9]{1,2}$/.test(stepText) ? Number(stepText) : 0
  if (step < 1 || step > kind.max) {
    return {
      offset: range.length + 1,
      expected: `a step from 1 to ${kind.max} after “/”`,
      expectation: { code: 'cronStep', max: kind.max },
    }
  }
  return span(first, last, step)
}

function readValue(text: string, kind: FieldKind): number | undefined {
  const named = kind.names.indexOf(text.toLowerCase())
  if (named >= 0) return kind.min + named
  if (!/^[0-9]{1,2}$/.test(text)) return undefined
  const value = Number(text)
  return value >= kind.min && value <= kind.max ? value : undefined
}

function allowed({ field, name, min, max, names }: FieldKind, found: string): Omit<CronMistake, 'offset'> {
  const orNames = names.length > 0 ? ` or ${names[0]} to ${names.at(-1)}` : ''
  const instead = found === '' ? ', but there is nothing' : ` instead of “${found}”`
  return {
    expected: `${name} from ${min} to ${max}${orNames}${instead}`,
    expectation: { code: 'cronValue', field, min, max },
  }
}

const span = (first: number, last: number, step: number): number[] =>
  Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => first + index * step)
