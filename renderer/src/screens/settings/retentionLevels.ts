import type { Output } from '../../state/calls.ts'

/** How much is kept, in four steps, and what stays of it. Pure. */

export const levels = ['few', 'some', 'many', 'all'] as const
export type Level = (typeof levels)[number]

/** Of a day the first is kept: without `latest`, people would miss the second backup of one day soon after it is made. */
export const policyOfLevel: Record<Level, string | null> = {
  few: 'latest3,days7,weeks4',
  some: 'latest3,days14,weeks8,months12',
  many: 'latest3,hours48,days30,weeks26,months36,years10',
  all: null,
}

/** Null for a policy that is none of the steps. */
export const levelOfPolicy = (policy: string | null): Level | null =>
  levels.find(level => policyOfLevel[level] === policy) ?? null

export type Decisions = Output<'retention.preview'>['decisions']

const dayMs = 86_400_000
/** From youngest to oldest; each begins where the one before ends. */
const ages = [
  ['day', dayMs],
  ['week', 7 * dayMs],
  ['month', 31 * dayMs],
  ['year', 366 * dayMs],
  ['older', Number.POSITIVE_INFINITY],
] as const
export type Age = (typeof ages)[number][0]

/** How many of those that stay are how old. */
export function keptByAge(decisions: Decisions, now: number): { age: Age; count: number }[] {
  const kept = decisions.filter(({ keep }) => keep).map(({ date }) => now - Date.parse(date))
  return ages.map(([age, upTo], i) => {
    const from = i === 0 ? Number.NEGATIVE_INFINITY : ages[i - 1]![1]
    return { age, count: kept.filter(ms => ms > from && ms <= upTo).length }
  })
}

const hourMs = 3_600_000
const twoYears = 2 * 366 * dayMs

/**
 * Where something of that age is drawn, from 0 (now) to 1 (two years ago). Logarithmic from an hour on: the last day takes as much
 * room as many months, for there most of what stays lies.
 */
export function placeOfAge(ms: number): number {
  const scaled = Math.log1p(Math.max(0, ms) / hourMs) / Math.log1p(twoYears / hourMs)
  return Math.min(1, scaled)
}
