import { HoldfastError } from '../../../../engine/contract/errors.ts'
import {
  defaultDriveHours,
  type Schedule,
  type ScheduleRule,
  type Weekday,
} from '../../../../engine/contract/schedule.ts'
import type { ScheduleExpectation } from '../../../../engine/contract/scheduleMistake.ts'
import { formatSchedule, parseSchedule, type ScheduleMistake } from '../../../../engine/contract/scheduleText.ts'

/** The schedules that most people want, and the text of all others. Pure. */

export const presets = ['dailyDrive', 'daily', 'hourly', 'weekly', 'manual'] as const
export type Preset = (typeof presets)[number]

/** What the editor shows: a preset with its time, or a text. `custom` ignores time and day, the presets ignore the text. */
export interface ScheduleDraft {
  preset: Preset | 'custom'
  /** 'HH:MM' */
  time: string
  weekday: Weekday
  text: string
}

const usual = { time: '20:00', weekday: 'sun' } as const

export function draftOfSchedule(schedule: Schedule | null): ScheduleDraft {
  if (schedule === null) return { ...usual, preset: 'manual', text: '' }
  const text = formatSchedule(schedule)
  const custom: ScheduleDraft = { ...usual, preset: 'custom', text }
  if (schedule.timeZone !== undefined || schedule.spreadMinutes !== undefined) return custom
  const [first, second, ...more] = schedule.rules
  if (!first || more.length > 0) return custom
  if (second) {
    const isUsual = second.kind === 'drive' && second.hours === defaultDriveHours
    return first.kind === 'daily' && isUsual ? { ...custom, preset: 'dailyDrive', time: first.time } : custom
  }
  if (first.kind === 'daily') return { ...custom, preset: 'daily', time: first.time }
  if (first.kind === 'hourly' && first.minute === undefined) return { ...custom, preset: 'hourly' }
  const day = first.kind === 'weekly' && first.weekdays.length === 1 ? first.weekdays[0] : undefined
  return first.kind === 'weekly' && day ? { ...custom, preset: 'weekly', time: first.time, weekday: day } : custom
}

export type ScheduleReading =
  | { ok: true; schedule: Schedule | null }
  /** `column` from 1, where the trouble begins, and what was expected there; null for a time that is none. */
  | { ok: false; column: number | null; expected: ScheduleExpectation | null }

/** The schedule that a draft means, or why it means none. */
export function readDraft({ preset, time, weekday, text }: ScheduleDraft): ScheduleReading {
  if (preset === 'manual') return { ok: true, schedule: null }
  if (preset === 'custom') return readText(text)
  const rules: Record<Exclude<Preset, 'manual'>, ScheduleRule[]> = {
    dailyDrive: [
      { kind: 'daily', time },
      { kind: 'drive', hours: defaultDriveHours },
    ],
    daily: [{ kind: 'daily', time }],
    hourly: [{ kind: 'hourly' }],
    weekly: [{ kind: 'weekly', weekdays: [weekday], time }],
  }
  if (preset !== 'hourly' && !/^([01]\d|2[0-3]):[0-5]\d$/.test(time)) {
    return { ok: false, column: null, expected: null }
  }
  return { ok: true, schedule: { rules: rules[preset] } }
}

function readText(text: string): ScheduleReading {
  try {
    return { ok: true, schedule: parseSchedule(text) }
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    const { column, expected } = error.details as unknown as ScheduleMistake
    return { ok: false, column, expected }
  }
}
