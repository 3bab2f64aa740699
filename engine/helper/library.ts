import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Destination, Job } from '../contract/jobs.ts'
import type { LibrarySummary, LibraryVersion } from '../contract/library.ts'
import type { Version } from '../contract/models.ts'
import type { Engine, Session } from '../engineApi.ts'
import type { LibraryStore, StoredVersion, VersionQuery } from '../jobs/libraryStore.ts'
import type { RecordStore } from '../jobs/recordStore.ts'
import { TopicFeed } from '../rpc/topicFeed.ts'
import type { SecretStore } from '../secrets/secretStore.ts'
import { fitting } from './answerSize.ts'
import type { DestinationDesk } from './destinationDesk.ts'
import type { LockDesk } from './lockDesk.ts'
import { withDestination } from './openDestination.ts'

export interface LibraryDeps {
  store: LibraryStore
  jobs: RecordStore<Job>
  destinations: RecordStore<Destination>
  engine: Engine
  desk: DestinationDesk
  secrets: SecretStore
  locks: LockDesk
  /** Name of this computer, as the engine writes it into versions. */
  host: string
  clock: Clock
  logger: Logger
}

/** Which versions there are, in destinations that are connected and in those that are away. */
export class Library {
  readonly feed: TopicFeed<{ summaries: LibrarySummary[] }, LibrarySummary>
  readonly #deps: LibraryDeps
  /** Looked at in vain since they were connected. */
  readonly #tried = new Set<string>()
  readonly #stop = new AbortController()
  #looking: Promise<void> | undefined

  constructor(deps: LibraryDeps) {
    this.#deps = deps
    this.feed = new TopicFeed(() => ({ summaries: this.summaries() }))
  }

  summaries(): LibrarySummary[] {
    return this.#deps.destinations.list().map(({ id }) => this.summary(id))
  }

  /** Of a destination that was never looked at, it says so. */
  summary(destination: string): LibrarySummary {
    const nothing = { versions: 0, damaged: 0, oldestAt: null, newestAt: null, refreshedAt: null }
    return this.#deps.store.summary(destination) ?? { destination, ...nothing }
  }

  /** A page, newest first. `job` and `destination` as ids. repository.versionNotFound when `after` is gone. */
  list(query: { destination?: string; job?: Job; limit: number; after?: { destination: string; version: string } }): {
    versions: LibraryVersion[]
    more: boolean
  } {
    const { destination, job, limit, after } = query
    const found = this.#deps.store.list({ ...this.#asked({ destination, job }), limit, ...(after && { after }) })
    const viewOf = this.#viewer()
    const versions = found.slice(0, limit).map(({ destination, version }) => viewOf(destination, version))
    const page = fitting(versions)
    return { versions: page, more: found.length > page.length }
  }

  /** All of them, newest first. */
  all(query: { destination?: string; job?: Job }): StoredVersion[] {
    return this.#deps.store.list({ ...this.#asked(query), limit: Number.MAX_SAFE_INTEGER - 1 })
  }

  /** A version of the repository as it is told. */
  view(destination: string, version: Version): LibraryVersion {
    return this.#viewer()(destination, version)
  }

  /** One that is remembered. */
  find(destination: string, version: string): LibraryVersion | undefined {
    const found = this.#deps.store.find(destination, version)
    return found && this.view(destination, found)
  }

  /** Looks into an open repository which versions there are. */
  async take(destination: Destination, session: Session): Promise<LibrarySummary> {
    const versions = await session.versions()
    // It may have been removed while we looked.
    if (!this.#deps.destinations.find(destination.id)) return this.summary(destination.id)
    const { summary, isChanged } = this.#deps.store.replace(destination.id, versions, this.#deps.clock.now())
    if (isChanged) this.feed.publish(summary)
    return summary
  }

  /** The same after a run, whose result does not depend on it. */
  async takeAfter(destination: Destination, session: Session): Promise<void> {
    await this.take(destination, session).catch(error =>
      this.#deps.logger.warn('versions could not be looked at', { destination: destination.id, error }),
    )
  }

  /** Tells whoever listens to ask for the versions of a destination anew: something about them is known now. */
  tell(destination: string): void {
    this.feed.publish(this.summary(destination))
  }

  /** Opens the repository and looks. Fails as withDestination does. */
  async refresh(destination: Destination, signal: AbortSignal): Promise<LibrarySummary> {
    const { desk, engine } = this.#deps
    return await withDestination({ connector: desk, engine }, destination, signal, session =>
      this.take(destination, session),
    )
  }

  /**
   * Looks at destinations that never were looked at, can be reached and can be opened; once for each time that they are
   * connected. Mounts nothing. In the background: returns at once.
   */
  lookAtNew(): void {
    if (this.#looking !== undefined) return
    this.#looking = this.#lookAtNew()
      .catch(error => this.#deps.logger.warn('versions could not be looked at', { error }))
      .finally(() => {
        this.#looking = undefined
      })
  }

  /** Forgets a destination that is gone. */
  forget(destination: string): void {
    this.#deps.store.forget(destination)
    this.#tried.delete(destination)
  }

  /** Ends looking, and returns when that has ended. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#looking
  }

  async #lookAtNew(): Promise<void> {
    const { destinations, desk, secrets, logger, store } = this.#deps
    for (const destination of destinations.list()) {
      if (this.#stop.signal.aborted) return
      const { id } = destination
      if (desk.state(destination).state !== 'connected') this.#tried.delete(id)
      else if (!this.#tried.has(id) && store.summary(id) === undefined) {
        try {
          if (secrets.isLocked || (await secrets.protectionOf(id, 'passphrase')) === undefined) continue
          this.#tried.add(id)
          await this.refresh(destination, this.#stop.signal)
        } catch (error) {
          if (!this.#stop.signal.aborted) logger.warn('versions could not be looked at', { destination: id, error })
        }
      }
    }
  }

  #asked({
    destination,
    job,
  }: {
    destination?: string | undefined
    job?: Job | undefined
  }): Omit<VersionQuery, 'limit'> {
    const { host } = this.#deps
    return {
      ...(destination !== undefined && { destination }),
      ...(job && { made: { host, names: job.sources.map(source => source.name), destinations: job.destinations } }),
    }
  }

  /** Adds what is known here. For many versions at once: each destination is looked up once. */
  #viewer(): (destination: string, version: Version) => LibraryVersion {
    const jobOf = this.#jobFinder()
    const finders = new Map<string, ReturnType<LockDesk['finder']>>()
    const lockOf = (destination: string, version: string) => {
      const finder = finders.get(destination) ?? this.#deps.locks.finder(destination)
      finders.set(destination, finder)
      return finder(version)
    }
    return (destination, version) => {
      const lock = lockOf(destination, version.id)
      return { ...version, destination, job: jobOf(destination, version), ...(lock && { lock }) }
    }
  }

  /** By what a job of this computer calls its sources: others may use the same names in the same repository. */
  #jobFinder(): (destination: string, version: Version) => string | null {
    const ids = new Map<string, string>()
    for (const job of this.#deps.jobs.list()) {
      for (const destination of job.destinations) {
        for (const { name } of job.sources) ids.set(`${destination} ${name}`, job.id)
      }
    }
    return (destination, { host, name }) =>
      (host === this.#deps.host ? ids.get(`${destination} ${name}`) : undefined) ?? null
  }
}
