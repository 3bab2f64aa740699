import type { Run, RunKind } from '../../../../engine/contract/jobs.ts'
import { leavesDamage } from '../../components/healedWords.ts'

/** What the list of runs shows, and what follows from it. Pure. */

export interface HistoryFilter {
  kind: RunKind | 'all'
  /** Only those that did not end well. */
  onlyTrouble: boolean
  /** Part of the name of the job or the destination, in any case. */
  text: string
}

export const everything: HistoryFilter = { kind: 'all', onlyTrouble: false, text: '' }

const goodStates: readonly Run['state'][] = ['running', 'complete', 'cancelled']

/** Did it not reach its end, or did it find damage? */
export const hasTrouble = (run: Run): boolean =>
  !goodStates.includes(run.state) ||
  leavesDamage(run) ||
  (run.outcome?.kind === 'restore' && run.outcome.damaged.length > 0) ||
  (run.outcome?.kind === 'extract' && run.outcome.problemCount > 0)

export function isShown(run: Run, { kind, onlyTrouble, text }: HistoryFilter): boolean {
  if (kind !== 'all' && run.kind !== kind) return false
  if (onlyTrouble && !hasTrouble(run)) return false
  const wanted = text.trim().toLocaleLowerCase()
  return wanted === '' || `${run.jobName}\n${run.destinationName}`.toLocaleLowerCase().includes(wanted)
}

/** Runs of several answers, each once as it stands in the first answer that has it, newest first. */
export function mergeRuns(...answers: readonly (readonly Run[])[]): Run[] {
  const byId = new Map<string, Run>()
  for (const run of answers.flat()) if (!byId.has(run.id)) byId.set(run.id, run)
  return [...byId.values()].toSorted((a, b) => b.startedAt.localeCompare(a.startedAt))
}

/**
 * Where the page behind these runs begins. One millisecond later than the oldest, for others may have begun in the same one; they
 * are asked for twice and shown once. Undefined for no runs.
 */
export function beforeOldest(runs: readonly Run[]): string | undefined {
  const oldest = runs.at(-1)
  return oldest && new Date(Date.parse(oldest.startedAt) + 1).toISOString()
}

/** Milliseconds from the beginning to the end, or until now. */
export const durationOf = (run: Run, now: number): number =>
  Math.max(0, (run.finishedAt === null ? now : Date.parse(run.finishedAt)) - Date.parse(run.startedAt))

const sumOf = (run: Run, key: 'readBytes' | 'newBytes' | 'storedBytes'): number =>
  run.parts.reduce((sum, part) => sum + part[key], 0)

/** The one number that says most about a run, in bytes; null when there is none yet. */
export function amountOf(run: Run): number | null {
  if (run.kind === 'backup') {
    // Of what has failed, nothing says nothing.
    const bytes = sumOf(run, 'newBytes')
    return run.parts.length === 0 || (bytes === 0 && run.state !== 'complete') ? null : bytes
  }
  switch (run.outcome?.kind) {
    case 'restore':
      return run.outcome.writtenBytes
    case 'scrub':
      return run.outcome.checkedBytes
    case 'prune':
      return run.outcome.freedBytes
    case 'extract':
      return run.outcome.bytes
    case 'copy':
    case 'keep':
      return run.outcome.storedBytes
    default:
      return null
  }
}

export interface DayTotal {
  /** Noon of the day, which no change of the clocks moves to another one. */
  at: string
  bytes: number
}

/**
 * Bytes of changed data that backups stored on each of the last days, oldest first. Days before the oldest run are left out
 * when more runs may lie before it.
 */
export function dayTotals(runs: readonly Run[], now: number, isWhole: boolean, count = 14): DayTotal[] {
  const today = new Date(now)
  const days = Array.from(
    { length: count },
    (_, i) => new Date(today.getFullYear(), today.getMonth(), today.getDate() - (count - 1 - i), 12),
  )
  const backups = runs.filter(({ kind }) => kind === 'backup')
  const oldest = runs.at(-1)
  const firstKnown = isWhole || !oldest ? Number.NEGATIVE_INFINITY : Date.parse(oldest.startedAt)
  return days
    .filter(day => day.getTime() > firstKnown)
    .map(day => ({
      at: day.toISOString(),
      bytes: backups
        .filter(run => new Date(run.startedAt).toDateString() === day.toDateString())
        .reduce((sum, run) => sum + sumOf(run, 'newBytes'), 0),
    }))
}
