import { hourMs, minuteMs } from '../base/localTime.ts'

/** A run that waits for a free place. */
export interface WaitingRun {
  jobId: string
  destination: string
  /** Since when it could have run, milliseconds since 1970 UTC. */
  waitingSince: number
  /** Among destinations of one job that wait since the same moment, the lowest comes first; 0 unless given. */
  rank?: number
  /** Reads from another destination and not from the job's sources. */
  isCopy?: boolean
  /** Duration of the job's last complete run on this destination, milliseconds; null when there is none. */
  lastDurationMs: number | null
}

/** A run under way, as it was when it was picked. */
export type RunningRun = Pick<WaitingRun, 'jobId' | 'destination' | 'lastDurationMs' | 'isCopy'> & {
  /** It takes nobody's place until it goes on, and may then be one too many. */
  isPaused?: boolean
}

export interface LaneLimits {
  /** Runs at the same time, from 1. */
  parallel: number
  /** Runs at the same time on one destination, from 1; null for any number. */
  perDestination: number | null
}

/** A job whose last run was shorter is quick. One that has never run is not: first runs read everything. */
export const quickRunMs = 10 * minuteMs

/** After waiting so long, the first in the queue no longer lets others take what it needs. */
export const patienceMs = hourMs

/**
 * The runs to start now, out of those that wait; the order in which they are given decides nothing.
 *
 * Who waits longest comes first. One of several places is kept from slow runs, so that quick ones always move; a slow run
 * may take any other, and the only one where there is one. A job reads its sources for one destination at a time; copies to others
 * go on beside that. What
 * cannot start lets others pass; only if the very first has waited an hour, nobody else takes a place at its
 * destination (where those are limited) nor, when it is slow, a slow place, so that its turn comes however many arrive.
 */
export function pick<Run extends WaitingRun>(
  queue: readonly Run[],
  running: readonly RunningRun[],
  limits: LaneLimits,
  now: number,
): Run[] {
  const ordered = [...queue].sort(byTurn)
  // A run that waits for another one of its own job needs nothing that others could take.
  const first = ordered.find(run => !running.some(other => isRival(run, other)))
  const impatient = first !== undefined && now - first.waitingSince >= patienceMs ? first : null
  const picked: Run[] = []
  for (const run of ordered) {
    const taken = [...running, ...picked]
    if (!hasPlace(run, taken, limits)) continue
    if (impatient !== null && !picked.includes(impatient) && takesFrom(impatient, run, limits)) continue
    picked.push(run)
  }
  return picked
}

/** Both would read the same sources, or write for the same job to the same destination. */
const isRival = (one: RunningRun, other: RunningRun): boolean =>
  one.jobId === other.jobId && ((!one.isCopy && !other.isCopy) || one.destination === other.destination)
const isSlow = ({ lastDurationMs }: RunningRun): boolean => lastDurationMs === null || lastDurationMs >= quickRunMs

const byTurn = (a: WaitingRun, b: WaitingRun): number =>
  a.waitingSince - b.waitingSince ||
  compare(a.jobId, b.jobId) ||
  (a.rank ?? 0) - (b.rank ?? 0) ||
  compare(a.destination, b.destination)

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function hasPlace(run: RunningRun, taken: readonly RunningRun[], { parallel, perDestination }: LaneLimits): boolean {
  if (taken.some(other => isRival(run, other))) return false
  const active = taken.filter(({ isPaused }) => !isPaused)
  if (active.length >= parallel) return false
  if (isSlow(run) && active.filter(isSlow).length >= Math.max(1, parallel - 1)) return false
  return perDestination === null || active.filter(one => one.destination === run.destination).length < perDestination
}

/** Whether a run would take a place that the one before it in the queue waits for. */
function takesFrom(before: RunningRun, run: RunningRun, { perDestination }: LaneLimits): boolean {
  if (run === before) return false
  const sameDestination = perDestination !== null && run.destination === before.destination
  return sameDestination || (isSlow(before) && isSlow(run))
}
