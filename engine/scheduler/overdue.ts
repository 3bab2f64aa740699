import { dayMs, formatLocalMinute, hourMs, minuteMs } from '../base/localTime.ts'
import type { Schedule } from '../contract/schedule.ts'
import { clockToleranceMs } from './clockMemory.ts'
import type { Decision } from './decision.ts'
import { longestGapMs } from './longestGap.ts'

export interface OverdueFacts {
  /** null: the job runs only on request. */
  schedule: Schedule | null
  /** Allowed age of the newest complete version, milliseconds; null: derived from the schedule. */
  overdueAfterMs: number | null
  /** When the job was created. */
  createdAt: number
  /** Dates of the complete versions that the destination holds, in any order. */
  completeVersions: readonly number[]
}

export interface Overdue {
  overdue: boolean
  /** When it became or becomes overdue if no version is added; null when it never does. */
  at: number | null
  /** Age of the newest complete version; null when there is none. */
  ageMs: number | null
  /** Allowed age; null without a limit. */
  limitMs: number | null
  /** What is the case and, if it is known, what stands in the way; for people. */
  text: string
}

/** How many times the longest gap between two scheduled runs a version may be old; backy's factor. */
const gapFactor = 1.5
/** Schedules that come due more often than a run may take are judged as if they came due each hour. */
const shortestGapMs = hourMs
/** A job that waits for its drive alone names no times; once a week is what it is judged by. */
const driveGapMs = 7 * dayMs

/**
 * Whether a job has gone too long without a complete version, however its runs see themselves: it is computed from what
 * the destination holds. The allowed age is `overdueAfterMs`, or one and a half times the longest gap between two times of
 * the schedule (see longestGapMs; at least an hour; a week for schedules without times). Exactly that age is not overdue.
 *
 * A version from before the job was created, and no version at all, count as one of its creation, so a job that never
 * succeeded becomes overdue too. Versions dated in the future count for nothing; a job that was itself created in the
 * future and has no other is overdue, as the clock cannot be right. A pause or a missing drive does not excuse; `decision`
 * says so in the text.
 */
export function overdueState(facts: OverdueFacts, decision: Decision | null, now: number): Overdue {
  const believed = facts.completeVersions.filter(date => date <= now + clockToleranceMs)
  const newest = believed.length === 0 ? null : believed.reduce((a, b) => Math.max(a, b))
  const ageMs = newest === null ? null : Math.max(0, now - newest)
  const limitMs = facts.overdueAfterMs ?? limitOf(facts.schedule)
  if (limitMs === null) {
    return { overdue: false, at: null, ageMs, limitMs, text: `${ageText(facts, newest, now)} There is no limit.` }
  }
  if (newest === null && facts.createdAt > now + clockToleranceMs) {
    const text =
      'There is no complete version, and the job was created in the future: check the clock of this computer.'
    return { overdue: true, at: now, ageMs, limitMs, text }
  }
  const createdAt = facts.createdAt > now ? Number.NEGATIVE_INFINITY : facts.createdAt
  const at = Math.max(newest ?? facts.createdAt, createdAt) + limitMs
  const overdue = now > at
  const reason = overdue && decision !== null && decision.state !== 'scheduled' ? ` ${decision.text}` : ''
  const text = `${ageText(facts, newest, now)} ${overdue ? 'Overdue' : 'In time'}: the limit is ${duration(limitMs)}.${reason}`
  return { overdue, at, ageMs, limitMs, text }
}

function limitOf(schedule: Schedule | null): number | null {
  if (schedule === null) return null
  return Math.max(shortestGapMs, longestGapMs(schedule) ?? driveOnlyGapMs(schedule)) * gapFactor
}

const driveOnlyGapMs = ({ rules }: Schedule): number =>
  Math.max(driveGapMs, Math.min(...rules.flatMap(rule => (rule.kind === 'drive' ? [rule.hours * hourMs] : []))))

function ageText({ schedule, createdAt }: OverdueFacts, newest: number | null, now: number): string {
  if (newest === null) return `No complete version since the job was created at ${local(createdAt, schedule)}.`
  return `The newest complete version is of ${local(newest, schedule)}, ${duration(Math.max(0, now - newest))} ago.`
}

const local = (at: number, schedule: Schedule | null): string => formatLocalMinute(at, schedule?.timeZone)

/** "3 days 4 hours", "5 hours 30 minutes", "10 minutes": the two largest units. */
function duration(ms: number): string {
  const days = Math.floor(ms / dayMs)
  const hours = Math.floor((ms % dayMs) / hourMs)
  const minutes = Math.floor((ms % hourMs) / minuteMs)
  const units: [number, string][] =
    days > 0
      ? [
          [days, 'day'],
          [hours, 'hour'],
        ]
      : [
          [hours, 'hour'],
          [minutes, 'minute'],
        ]
  const words = units.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}${count === 1 ? '' : 's'}`)
  return words.length === 0 ? '0 minutes' : words.join(' ')
}
