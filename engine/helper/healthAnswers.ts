import { dayMs } from '../base/localTime.ts'
import { type HealthAnswer, type HealthQuestion, healthQuestions } from '../contract/health.ts'
import type { JobView } from '../contract/helperContract.ts'
import type { Destination } from '../contract/jobs.ts'
import type { LibrarySummary } from '../contract/library.ts'

/** What is known of a destination. Instants are milliseconds since 1970 UTC, null for never. */
export interface DestinationFacts {
  destination: Pick<Destination, 'id'>
  library: LibrarySummary
  /** It is not on a disk or drive of this computer. */
  isNetwork: boolean
  /** When its drive was last seen to be away. */
  awayAt: number | null
  /** Since when everything that was stored then has been read and checked. */
  scrubbedAllAt: number | null
  sheetSavedAt: number | null
}

export interface HealthFacts {
  jobs: readonly JobView[]
  destinations: readonly DestinationFacts[]
  /** What destinations of jobs lack and others have, as `destinations.lacking` tells it. */
  lacking: readonly { job: string; destination: string; oldestAt: string }[]
  /** When something was last restored and verified. */
  restoreTestedAt: number | null
  now: number
}

/** How long what was checked is good for, and how long a drive that came back still counts as kept elsewhere. */
const recentMs = 30 * dayMs
const restoreTestMs = 183 * dayMs
/** What is missing for less long comes by itself: drives are away for some days, and servers for a weekend. */
const lackingMs = 7 * dayMs

type Found = Pick<HealthAnswer, 'answer'> & { at?: number | null; jobs?: string[]; destinations?: string[] }

/** One answer to each question, in their order. Pure. */
export function healthAnswers(facts: HealthFacts): HealthAnswer[] {
  return healthQuestions.map(question => {
    const { answer, at = null, jobs = [], destinations = [] } = answers[question](facts)
    const named = answer === 'good' ? { jobs: [], destinations: [] } : { jobs, destinations }
    return { question, answer, at: at === null ? null : new Date(at).toISOString(), ...named }
  })
}

const answers: Record<HealthQuestion, (facts: HealthFacts) => Found> = {
  recentBackup({ jobs }) {
    const all = jobs.flatMap(({ job, standings }) => standings.map(standing => ({ job: job.id, ...standing })))
    if (all.length === 0) return { answer: 'unknown' }
    const late = all.filter(standing => standing.overdueSince !== null)
    const without = all.filter(standing => standing.lastSuccessAt === null)
    const wanting = late.length > 0 ? late : without
    return {
      answer: late.length > 0 ? 'bad' : without.length > 0 ? 'open' : 'good',
      // Everywhere there is something as young as this.
      at: without.length > 0 ? null : earliest(all.map(standing => Date.parse(standing.lastSuccessAt!))),
      jobs: unique(wanting.map(({ job }) => job)),
      destinations: unique(wanting.map(({ destination }) => destination)),
    }
  },

  twoPlaces({ jobs }) {
    return ofJobs(jobs, view => {
      const done = placesOf(view).map(({ at }) => at)
      // Since the second one was there, and as young as the older of them.
      return done.length >= 2 ? done.sort((a, b) => b - a)[1]! : null
    })
  },

  offSite({ jobs, destinations, now }) {
    const elsewhere = new Set(
      destinations
        .filter(({ isNetwork, awayAt }) => isNetwork || (awayAt !== null && now - awayAt < recentMs))
        .map(({ destination }) => destination.id),
    )
    return ofJobs(jobs, view => latest(placesOf(view).flatMap(({ id, at }) => (elsewhere.has(id) ? [at] : []))))
  },

  sameEverywhere({ jobs, lacking, now }) {
    if (jobs.every(({ job }) => job.destinations.length < 2)) return { answer: 'unknown' }
    const long = lacking.filter(({ oldestAt }) => now - Date.parse(oldestAt) >= lackingMs)
    return {
      answer: long.length > 0 ? 'open' : 'good',
      at: earliest(long.map(({ oldestAt }) => Date.parse(oldestAt))),
      jobs: unique(long.map(({ job }) => job)),
      destinations: unique(long.map(({ destination }) => destination)),
    }
  },

  verified({ destinations, now }) {
    return ofDestinations(filled(destinations), ({ scrubbedAllAt, library }) => {
      const checked = scrubbedAllAt ?? Number.NEGATIVE_INFINITY
      const isRecent = now - Math.max(checked, Date.parse(library.oldestAt!)) < recentMs
      return { isGood: isRecent, at: scrubbedAllAt }
    })
  },

  undamaged({ destinations }) {
    const found = ofDestinations(filled(destinations), ({ library }) => {
      return { isGood: library.damaged === 0, at: Date.parse(library.refreshedAt!) }
    })
    return found.answer === 'open' ? { ...found, answer: 'bad' } : found
  },

  recoverySheet: ({ destinations }) =>
    ofDestinations(destinations, ({ sheetSavedAt }) => ({ isGood: sheetSavedAt !== null, at: sheetSavedAt })),

  restoreTested({ destinations, restoreTestedAt: at, now }) {
    if (filled(destinations).length === 0) return { answer: 'unknown', at }
    return { answer: at !== null && now - at < restoreTestMs ? 'good' : 'open', at }
  },
}

/** Good when every job has it; `when` gives the moment, null when a job has not. */
function ofJobs(jobs: readonly JobView[], when: (view: JobView) => number | null): Found {
  if (jobs.length === 0) return { answer: 'unknown' }
  const found = jobs.map(view => ({ view, at: when(view) }))
  const without = found.filter(({ at }) => at === null)
  const at = without.length > 0 ? null : earliest(found.map(one => one.at!))
  return {
    answer: without.length > 0 ? 'open' : 'good',
    at,
    jobs: without.map(({ view }) => view.job.id),
  }
}

/** Good when it is good for every destination. Told is the moment of the one that it is longest ago for. */
function ofDestinations(
  destinations: readonly DestinationFacts[],
  judge: (facts: DestinationFacts) => { isGood: boolean; at: number | null },
): Found {
  if (destinations.length === 0) return { answer: 'unknown' }
  const judged = destinations.map(facts => ({ id: facts.destination.id, ...judge(facts) }))
  const wanting = judged.filter(({ isGood }) => !isGood)
  const isNever = judged.some(({ at }) => at === null)
  return {
    answer: wanting.length > 0 ? 'open' : 'good',
    at: isNever ? null : earliest(judged.map(({ at }) => at!)),
    destinations: wanting.map(({ id }) => id),
  }
}

/** Where a job has stored something, and when it last did. */
const placesOf = ({ standings }: JobView) =>
  standings.flatMap(({ destination, lastSuccessAt }) =>
    lastSuccessAt === null ? [] : [{ id: destination, at: Date.parse(lastSuccessAt) }],
  )

const filled = (destinations: readonly DestinationFacts[]) => destinations.filter(({ library }) => library.versions > 0)

const unique = (ids: readonly string[]): string[] => [...new Set(ids)]
const earliest = (times: readonly number[]): number | null => (times.length === 0 ? null : Math.min(...times))
const latest = (times: readonly number[]): number | null => (times.length === 0 ? null : Math.max(...times))
