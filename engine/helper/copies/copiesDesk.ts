import { z } from 'zod'
import type { Clock } from '../../base/clock.ts'
import { hourMs } from '../../base/localTime.ts'
import type { Destination, Job } from '../../contract/jobs.ts'
import type { FactStore } from '../../jobs/factStore.ts'
import type { LibraryStore } from '../../jobs/libraryStore.ts'
import type { RecordStore } from '../../jobs/recordStore.ts'
import type { Reach } from '../standings.ts'
import { type Awaited, type Lacking, lackingOf, reachOf } from './lacking.ts'

export interface CopiesDeskDeps {
  store: LibraryStore
  facts: FactStore
  destinations: RecordStore<Destination>
  reach(destination: Destination): Reach
  /** Name of this computer, as the engine writes it into versions. */
  host: string
  clock: Clock
}

const instant = z.number()
const failures = z.record(z.string(), z.number())
/** What could not be copied is left alone for so long: it is damaged until somebody heals it. */
const failedForMs = 24 * hourMs

/**
 * Knows what destinations lack, by what was seen in each of them. Durable without a list of its own: versions that were seen in a
 * destination and are gone were removed there, and are not sent again; what is older than the first look at the job with that
 * destination was never meant for it.
 */
export class CopiesDesk {
  readonly #deps: CopiesDeskDeps

  constructor(deps: CopiesDeskDeps) {
    this.#deps = deps
  }

  /** What a destination of a job lacks; null when that is nothing. */
  lacking(job: Job, destination: Destination): Lacking | null {
    if (job.destinations.length < 2) return null
    const { store, host, clock } = this.#deps
    const names = job.sources.map(source => source.name)
    const others = job.destinations.filter(id => id !== destination.id)
    const since = this.#since(job, destination)
    const missing = store.missing({ destination: destination.id, others, made: { host, names }, since })
    if (missing.length === 0) return null
    return lackingOf({
      names,
      missing,
      have: this.#have(job, destination),
      failed: this.#failed(job, destination),
      retention: job.retention,
      reachable: this.reachable(job).filter(id => id !== destination.id),
      offline: this.#offline(others),
      now: clock.now(),
    })
  }

  /**
   * Ids of all versions that some destinations have and this one never had, whatever their age; those that are known to be damaged are left
   * out. With `jobs`, only what this computer has stored for them.
   */
  missing(destination: Destination, others: readonly Destination[], jobs?: readonly Job[]): string[] {
    const names = jobs?.flatMap(job => job.sources.map(source => source.name))
    const found = this.#deps.store.missing({
      destination: destination.id,
      others: others.map(({ id }) => id),
      ...(names && { made: { host: this.#deps.host, names } }),
    })
    return [...new Set(found.filter(({ version }) => version.status !== 'damaged').map(({ version }) => version.id))]
  }

  /** Those of them in the network that did not answer and are waited for. */
  #offline(ids: readonly string[]): Awaited[] {
    return ids.flatMap(id => {
      const destination = this.#deps.destinations.find(id)
      const offline = destination && this.#deps.reach(destination).offline
      return offline && offline.retryAt > this.#deps.clock.now() ? [{ id, ...offline }] : []
    })
  }

  /** The destinations of a job, those first that versions should be read for, or from: on this computer, then in the job's order. */
  ranked(job: Job): string[] {
    return job.destinations.toSorted((a, b) => Number(this.#isLocal(b)) - Number(this.#isLocal(a)))
  }

  /** Those of them that can be reached now, as far as is known without asking. */
  reachable(job: Job): string[] {
    return this.ranked(job).filter(id => this.#isReachable(id))
  }

  /** The date that all sources of a job have a version of at least in a destination, as it was last seen. */
  reachesTo(job: Job, destination: Destination): number {
    const names = job.sources.map(source => source.name)
    return reachOf(names, this.#have(job, destination))
  }

  /** These could not be copied: they are damaged where they are. */
  noteFailed(job: Job, destination: Destination, versions: readonly string[]): void {
    if (versions.length === 0) return
    const { facts, clock } = this.#deps
    const now = clock.now()
    const before = facts.get(failedFact(job, destination), failures) ?? {}
    const recent = Object.entries(before).filter(([, at]) => now - at < failedForMs)
    facts.set(failedFact(job, destination), Object.fromEntries([...recent, ...versions.map(id => [id, now])]))
  }

  #have(job: Job, destination: Destination) {
    const { store, host } = this.#deps
    const names = job.sources.map(source => source.name)
    const made = { host, names, destinations: [destination.id] }
    return store.list({ made, limit: Number.MAX_SAFE_INTEGER - 1 }).map(({ version }) => version)
  }

  #failed(job: Job, destination: Destination): ReadonlySet<string> {
    const { facts, clock } = this.#deps
    const known = facts.get(failedFact(job, destination), failures) ?? {}
    return new Set(Object.entries(known).flatMap(([id, at]) => (clock.now() - at < failedForMs ? [id] : [])))
  }

  /** Since when the job has this destination, as far as is known here. */
  #since(job: Job, destination: Destination): number {
    const { facts, clock } = this.#deps
    const name = `copiesSince:${job.id}/${destination.id}`
    const known = facts.get(name, instant)
    if (known !== undefined) return known
    const now = clock.now()
    facts.set(name, now)
    return now
  }

  /** One in the network that did not answer counts as reachable again when it is to be tried. */
  #isReachable(id: string): boolean {
    const destination = this.#deps.destinations.find(id)
    if (destination === undefined) return false
    const { drive, offline } = this.#deps.reach(destination)
    return (drive?.connected ?? true) && (offline?.retryAt ?? 0) <= this.#deps.clock.now()
  }

  #isLocal(id: string): boolean {
    const destination = this.#deps.destinations.find(id)
    return destination !== undefined && this.#deps.reach(destination).isLocal
  }
}

const failedFact = (job: Job, destination: Destination) => `notCopied:${job.id}/${destination.id}`
