import type { Destination, Job, Run } from '../contract/jobs.ts'
import type { RecordStore } from '../jobs/recordStore.ts'
import type { RunStore } from '../jobs/runStore.ts'
import { type Decision, decide } from '../scheduler/decision.ts'
import type { JobFacts } from '../scheduler/facts.ts'
import type { Lacking } from './copies/lacking.ts'
import { type History, historyOf } from './history.ts'

/** Whether a destination can be reached, as far as is known without asking anybody. */
export interface Reach {
  /** On this computer or a drive at it, so that the network does not matter. */
  isLocal: boolean
  /** The drive that it is on; null when it cannot be taken away. */
  drive: { label: string; connected: boolean; lastSeen: number | null } | null
  /** In the network, and did not answer; `retryAt` is in milliseconds since 1970 UTC. */
  offline?: { label: string; retryAt: number } | null
}

export interface Surroundings {
  onBattery: boolean
  metered: boolean
}

interface Past {
  lastRun: Run | null
  history: History
}

/** A job and one of its destinations, with what is to be done about them. */
export interface Standing {
  job: Job
  destination: Destination
  decision: Decision
  run: Run | null
  lastRun: Run | null
  lastSuccess: number | null
  history: History
  /** What it lacks; null when that is nothing. */
  lacking: Lacking | null
}

export interface StandingsDeps {
  jobs: RecordStore<Job>
  destinations: RecordStore<Destination>
  runs: RunStore
  reach(destination: Destination): Reach
  /** What the destination lacks of a job; null when that is nothing, or nobody looks. */
  lacking?(job: Job, destination: Destination): Lacking | null
}

/** What holds at the moment of a look. */
export interface Moment {
  now: number
  surroundings: Surroundings
  /** ClockMemory.setBackAt. */
  clockSetBackAt: number | null
  /** When somebody asked for a run that has not begun, by keyOf. */
  requests: ReadonlyMap<string, number>
  /** Runs under way, by keyOf. */
  running: ReadonlyMap<string, Run>
}

const historyRuns = 50

/** Tells of every job how it stands with each of its destinations. */
export class Standings {
  readonly #deps: StandingsDeps
  /** What ended runs say; read once, since each look at the schedule asks for all of them. */
  readonly #pasts = new Map<string, Past>()

  constructor(deps: StandingsDeps) {
    this.#deps = deps
  }

  look({ now, surroundings, clockSetBackAt, requests, running }: Moment): Standing[] {
    const destinations = new Map(this.#deps.destinations.list().map(one => [one.id, one]))
    return this.#deps.jobs.list().flatMap(job =>
      job.destinations.flatMap(id => {
        const destination = destinations.get(id)
        if (!destination) return []
        const key = keyOf({ job: job.id, destination: id })
        const run = running.get(key) ?? null
        const { lastRun, history } = this.past(job.id, id)
        const reach = this.#deps.reach(destination)
        const lacking = this.#deps.lacking?.(job, destination) ?? null
        const isSendable = lacking !== null && (lacking.from.length > 0 || lacking.awaited !== null)
        const facts: JobFacts = {
          ...history,
          ...conditionsOf(job, surroundings),
          jobId: job.id,
          schedule: job.schedule,
          scheduledSince: Date.parse(job.scheduledSince),
          firstRunAtOnce: false,
          pausedUntil: pauseOf(job),
          requestedAt: requests.get(key) ?? null,
          running: run !== null,
          clockSetBackAt,
          localDestination: reach.isLocal,
          lackingSince: isSendable ? Date.parse(lacking.versions[0]!.date) : null,
          originOffline: lacking?.awaited ?? null,
          drive: reach.drive,
          offline: reach.offline ?? null,
        }
        const { lastSuccess } = history
        return [{ job, destination, decision: decide(facts, now), run, lastRun, lastSuccess, history, lacking }]
      }),
    )
  }

  past(job: string, destination: string): Past {
    const key = keyOf({ job, destination })
    const known = this.#pasts.get(key)
    if (known) return known
    const ended = this.#deps.runs.list({ job, destination, limit: historyRuns }).filter(run => run.state !== 'running')
    const past = { lastRun: ended[0] ?? null, history: historyOf(ended) }
    this.#pasts.set(key, past)
    return past
  }

  /** A run has ended. */
  forget(key: string): void {
    this.#pasts.delete(key)
  }
}

function conditionsOf(
  job: Job,
  { onBattery, metered }: Surroundings,
): Pick<JobFacts, 'power' | 'network' | 'quietHours'> {
  const { conditions } = job
  return {
    power: { onBattery, runOnBattery: conditions.onBattery === 'run' },
    network: { metered, runOnMetered: conditions.metered === 'run' },
    quietHours: conditions.quietHours,
  }
}

function pauseOf({ pausedUntil }: Job): number | null {
  if (pausedUntil === null) return null
  return pausedUntil === 'forever' ? Number.POSITIVE_INFINITY : Date.parse(pausedUntil)
}

export const unit = ({ job, destination }: { job: Job; destination: Destination }) => ({
  job: job.id,
  destination: destination.id,
})
/** Names a job together with one of its destinations. */
export const keyOf = ({ job, destination }: { job: string; destination: string }): string => `${job}/${destination}`

/**
 * Whether the run that is due copies what the destination lacks rather than reading the sources: when nothing else is wanted, or when others
 * have versions of all sources that are as young as what is wanted.
 */
export function isCopyDue({ decision, lacking }: Pick<Standing, 'decision' | 'lacking'>): boolean {
  if (lacking === null || lacking.from.length === 0) return false
  return decision.why === 'copies' || (decision.since !== null && lacking.reachesTo >= decision.since)
}
