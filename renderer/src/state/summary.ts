import type { JobView } from '../../../engine/contract/helperContract.ts'
import type { Run } from '../../../engine/contract/jobs.ts'
import type { House } from './house.ts'
import { isAwaited, jobProtection, type Standing, standingProtection } from './protection.ts'

/** What the one sentence of Home is about; the worst thing that is true. Pure. */

/** The one button that gets out of it. */
export type Fix = 'run' | 'resume' | 'destinations' | 'health' | 'activity'

type RunError = NonNullable<Run['error']>

interface OfStanding {
  view: JobView
  standing: Standing
}

export type Summary =
  | { kind: 'nothing' }
  /** Work goes on; `lastAt` is null while nothing was ever completed. */
  | { kind: 'running'; lastAt: string | null }
  /** All backups under way are paused. */
  | { kind: 'held'; lastAt: string | null }
  | ({ kind: 'overdue'; error: RunError | null; fix: Fix; missing: boolean } & OfStanding)
  | ({ kind: 'failed'; error: RunError | null; fix: Fix; isIncomplete: boolean } & OfStanding)
  | { kind: 'damaged'; count: number; fix: 'health' }
  | ({ kind: 'waiting'; lastSeenAt: string | null } & OfStanding)
  | { kind: 'paused'; view: JobView; fix: 'resume' }
  | { kind: 'first'; view: JobView; fix: 'run' }
  | { kind: 'protected'; lastAt: string; destinations: string[] }

/** Which screen mends a failure of that kind; a backup that is simply tried again is 'run'. */
export function fixOf(code: string | undefined): Fix {
  switch (code) {
    case undefined:
      return 'run'
    case 'storage.full':
    case 'storage.authFailed':
    case 'storage.readOnly':
    case 'secrets.unavailable':
    case 'repository.wrongKey':
    case 'repository.notFound':
      return 'destinations'
    case 'integrity.objectDamaged':
    case 'integrity.objectMissing':
    case 'integrity.blockDamaged':
    case 'integrity.blockMissing':
    case 'integrity.damageFound':
      return 'health'
    case 'hook.failed':
    case 'source.notFound':
    case 'source.readFailed':
    case 'source.unsupported':
      return 'activity'
    default:
      return 'run'
  }
}

export function summaryOf(house: Pick<House, 'jobs' | 'destinations' | 'running' | 'library'>): Summary {
  const jobs = house.jobs ?? []
  if (jobs.length === 0) return { kind: 'nothing' }
  const all = jobs.flatMap(view => view.standings.map(standing => ({ view, standing })))
  const lastAt = newest(all.map(({ standing }) => standing.lastSuccessAt))

  // While something is mended by the very run that is under way, it is not worth a warning.
  const backups = (house.running ?? []).filter(({ kind }) => kind === 'backup')
  if (backups.some(run => run.pausedSince === undefined)) return { kind: 'running', lastAt }

  // A job that has one good copy may not be called unprotected, however long another place was away.
  const overdue = all.filter(({ view, standing }) => standing.overdueSince !== null && jobProtection(view) === 'danger')
  const worst = overdue.toSorted((a, b) => since(a.standing).localeCompare(since(b.standing)))[0]
  if (worst) {
    const error = worst.standing.lastRun?.error ?? null
    const missing = isAwaited(worst.standing)
    return {
      kind: 'overdue',
      ...worst,
      error: missing ? null : error,
      fix: missing ? 'run' : fixOf(error?.code),
      missing,
    }
  }

  if (backups.length > 0) return { kind: 'held', lastAt }

  const failed = all.find(({ standing }) => standingProtection(standing) === 'attention')
  if (failed) {
    const error = failed.standing.lastRun?.error ?? null
    const isIncomplete = failed.standing.lastRun?.state === 'incomplete'
    return { kind: 'failed', ...failed, error, fix: fixOf(error?.code), isIncomplete }
  }

  const damaged = (house.library ?? []).reduce((sum, summary) => sum + summary.damaged, 0)
  if (damaged > 0) return { kind: 'damaged', count: damaged, fix: 'health' }

  const waiting = all.find(({ standing }) => isAwaited(standing) || standing.overdueSince !== null)
  if (waiting) {
    const place = house.destinations?.find(view => view.destination.id === waiting.standing.destination)
    const lastSeenAt =
      place?.state.state === 'missing' ? place.state.lastSeenAt : (place?.destination.lastSeenAt ?? null)
    return { kind: 'waiting', ...waiting, lastSeenAt }
  }

  const paused = jobs.find(view => view.job.pausedUntil !== null)
  if (paused) return { kind: 'paused', view: paused, fix: 'resume' }
  const first = all.find(({ standing }) => standing.lastSuccessAt === null)
  if (first || lastAt === null) return { kind: 'first', view: first?.view ?? jobs[0]!, fix: 'run' }

  const current = all.filter(({ standing }) => standing.lastSuccessAt === lastAt)
  return {
    kind: 'protected',
    lastAt,
    destinations: [...new Set(current.map(({ standing }) => standing.destinationName))],
  }
}

/** The next time that any job runs by itself; null when none will. */
export const nextRunAt = (jobs: readonly JobView[]): string | null => {
  const times = jobs.flatMap(({ standings }) => standings.flatMap(({ nextAt }) => nextAt ?? []))
  return times.toSorted()[0] ?? null
}

const since = (standing: Standing): string => standing.lastSuccessAt ?? ''
const newest = (times: readonly (string | null)[]): string | null =>
  times
    .filter(time => time !== null)
    .toSorted()
    .at(-1) ?? null

export type DayState = 'protected' | 'attention' | 'danger' | 'waiting' | 'none'
export interface Day {
  /** Noon of that day, so that no change of the clocks moves it to another. */
  at: string
  state: DayState
}

/**
 * How the backups of each of the last days went, oldest first. `isWhole`: `runs` are all that there were; else the days before
 * the oldest of them are left out, because nothing is known of them; today never is.
 */
export function dayStrip(runs: readonly Run[], now: number, isWhole: boolean, count = 14): Day[] {
  const today = new Date(now)
  const oldest = runs.at(-1)
  const days = Array.from({ length: count }, (_, i) => {
    const day = new Date(today.getFullYear(), today.getMonth(), today.getDate() - (count - 1 - i), 12)
    const states = runs
      .filter(run => run.kind === 'backup' && isSameDay(new Date(run.startedAt), day))
      .map(({ state }) => state)
    return { at: day.toISOString(), state: stateOfDay(states), day }
  })
  return days
    .filter(({ day }, i) => isWhole || !oldest || i === count - 1 || day.getTime() > Date.parse(oldest.startedAt))
    .map(({ at, state }) => ({ at, state }))
}

function stateOfDay(states: readonly Run['state'][]): DayState {
  if (states.length === 0) return 'none'
  const isGood = states.includes('complete')
  const isBad = states.some(state => state === 'failed' || state === 'incomplete' || state === 'interrupted')
  if (isGood) return isBad ? 'attention' : 'protected'
  if (states.includes('running')) return 'waiting'
  if (states.includes('incomplete')) return 'attention'
  return isBad ? 'danger' : 'none'
}

const isSameDay = (a: Date, b: Date): boolean =>
  a.getFullYear() === b.getFullYear() && a.getMonth() === b.getMonth() && a.getDate() === b.getDate()
