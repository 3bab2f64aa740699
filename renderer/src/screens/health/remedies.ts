import type { HealthAnswer } from '../../../../engine/contract/health.ts'
import type { ScreenName } from '../../app/routes.ts'
import type { Standing } from '../../state/protection.ts'
import { fixOf } from '../../state/summary.ts'

/** What to do about an answer that is not good. Pure. */

export type Remedy =
  | { kind: 'backUp'; jobs: readonly string[] }
  | { kind: 'verify'; destinations: readonly string[] }
  /** Nothing helps before its cause is gone, which this run tells. */
  | { kind: 'seeCause'; run: string }
  | { kind: 'go'; screen: ScreenName; path: readonly string[]; query: Readonly<Record<string, string>> }

const go = (
  screen: ScreenName,
  path: readonly string[] = [],
  query: Readonly<Record<string, string>> = {},
): Remedy => ({ kind: 'go', screen, path, query })

interface Around {
  /** Every job, for answers that name none. */
  jobs: readonly string[]
  /** Every destination. */
  destinations: readonly string[]
  /** The run of the last failure of a job that another try alone does not mend. */
  failureOf(job: string): string | undefined
}

/** Where to look for such failures: each standing whose last run failed for a reason that stays. */
export function failureOf(standings: readonly Standing[]): string | undefined {
  const failed = standings.find(({ lastRun }) => lastRun?.error && fixOf(lastRun.error.code) !== 'run')
  return failed?.lastRun?.id
}

/** The one way out of an answer; null when nothing is to be done. */
export function remedyOf(answer: HealthAnswer, around: Around): Remedy | null {
  if (answer.answer === 'good' || answer.answer === 'unknown') return null
  const jobs = answer.jobs.length > 0 ? answer.jobs : around.jobs
  const destinations = answer.destinations.length > 0 ? answer.destinations : around.destinations
  switch (answer.question) {
    case 'recentBackup': {
      const run = jobs.map(around.failureOf).find(found => found !== undefined)
      return run === undefined ? { kind: 'backUp', jobs } : { kind: 'seeCause', run }
    }
    case 'undamaged':
      return { kind: 'backUp', jobs }
    case 'twoPlaces':
      // There is a second place already, and a job that does not use it.
      return around.destinations.length > 1 && answer.jobs[0] !== undefined
        ? go('settings', ['jobs', answer.jobs[0]])
        : go('destinations', ['add'])
    case 'offSite':
      return go('destinations', ['add'])
    case 'sameEverywhere':
      // It is sent by itself; that page says why it cannot be.
      return destinations[0] === undefined ? go('destinations') : go('destinations', [destinations[0]])
    case 'verified':
      return { kind: 'verify', destinations }
    case 'recoverySheet':
      return destinations[0] === undefined ? go('destinations') : go('destinations', [destinations[0]], { do: 'sheet' })
    case 'restoreTested':
      return go('restore')
  }
}

export type Verdict = { kind: 'nothing' } | { kind: 'good' } | { kind: 'open' | 'bad'; count: number }

/** All answers in one word: what is wrong counts before what is worth doing. */
export function verdictOf(answers: readonly HealthAnswer[]): Verdict {
  const count = (wanted: HealthAnswer['answer']) => answers.filter(({ answer }) => answer === wanted).length
  if (count('bad') > 0) return { kind: 'bad', count: count('bad') }
  if (count('open') > 0) return { kind: 'open', count: count('open') }
  return count('good') === 0 ? { kind: 'nothing' } : { kind: 'good' }
}
