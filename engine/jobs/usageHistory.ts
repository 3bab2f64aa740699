import type { Usage } from '../contract/library.ts'

/** What to keep of measurements, and what they say. Pure; times are milliseconds since 1970 UTC. */

export const mostUsages = 400
const hourMs = 60 * 60_000
const dayMs = 24 * hourMs
const weekMs = 7 * dayMs

/** Of each stretch of time one is kept, the last in it. Stretches begin at fixed moments, so that thinning often changes nothing. */
const stretches = [
  { youngerThanMs: weekMs, lengthMs: hourMs },
  { youngerThanMs: 90 * dayMs, lengthMs: dayMs },
  { youngerThanMs: Number.POSITIVE_INFINITY, lengthMs: weekMs },
]

/** Those of `times` that are not needed any more: dense for a week, then one a day, then one a week; at most mostUsages stay. */
export function superfluousUsages(times: readonly number[], now: number): number[] {
  const kept = new Map<string, number>()
  for (const time of times.toSorted((a, b) => a - b)) {
    const { lengthMs } = stretches.find(({ youngerThanMs }) => now - time < youngerThanMs)!
    kept.set(`${lengthMs}:${Math.floor(time / lengthMs)}`, time)
  }
  const newest = new Set([...kept.values()].sort((a, b) => b - a).slice(0, mostUsages))
  return times.filter(time => !newest.has(time))
}

/** Of how many days growth is told. */
export const growthDays = 30

/**
 * Bytes per day by which what is stored grew over the last growthDays, by linear regression; negative when it shrank. Null
 * when there is less than a day between the first measurement and the last.
 */
export function growthPerDay(usages: readonly Pick<Usage, 'at' | 'storedBytes'>[], now: number): number | null {
  const points = usages
    .map(({ at, storedBytes }) => ({ day: (Date.parse(at) - now) / dayMs, bytes: storedBytes }))
    .filter(({ day }) => day >= -growthDays && day <= 0)
  const days = points.map(({ day }) => day)
  if (points.length < 2 || Math.max(...days) - Math.min(...days) < 1) return null
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const meanDay = mean(days)
  const meanBytes = mean(points.map(({ bytes }) => bytes))
  const rise = points.reduce((sum, { day, bytes }) => sum + (day - meanDay) * (bytes - meanBytes), 0)
  const run = points.reduce((sum, { day }) => sum + (day - meanDay) ** 2, 0)
  return rise / run
}
