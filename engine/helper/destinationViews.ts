import { z } from 'zod'
import type { DestinationView } from '../contract/helperContract.ts'
import type { Destination } from '../contract/jobs.ts'
import type { FactStore } from '../jobs/factStore.ts'
import type { RecordStore } from '../jobs/recordStore.ts'
import { TopicFeed } from '../rpc/topicFeed.ts'
import type { SecretStore } from '../secrets/secretStore.ts'
import type { DestinationDesk } from './destinationDesk.ts'
import type { LockDesk } from './lockDesk.ts'
import { placeOf } from './placeWords.ts'
import type { UsageDesk } from './usageDesk.ts'

export interface DestinationViewsDeps {
  destinations: RecordStore<Destination>
  desk: DestinationDesk
  secrets: SecretStore
  usage: UsageDesk
  locks: LockDesk
  facts: FactStore
  mode: 'system' | 'user'
}

/** Name of the fact that says when the recovery sheet of a destination was saved, in milliseconds since 1970 UTC. */
export const sheetSavedFact = (destination: string): string => `sheetSavedAt:${destination}`

/** How destinations look to screens. */
export class DestinationViews {
  readonly feed: TopicFeed<{ destinations: DestinationView[] }, { changed: DestinationView[]; removed: string[] }>
  readonly #deps: DestinationViewsDeps
  #views: DestinationView[] = []
  #turn: Promise<unknown> = Promise.resolve()

  constructor(deps: DestinationViewsDeps) {
    this.#deps = deps
    this.feed = new TopicFeed(() => ({ destinations: this.#views }))
  }

  /** Puts them together anew, without asking any drive, and tells whoever listens what has changed. */
  look(): Promise<DestinationView[]> {
    // One after the other: an older picture must not be told after a newer one.
    const result = this.#turn.then(() => this.#look())
    this.#turn = result.catch(() => undefined)
    return result
  }

  async #look(): Promise<DestinationView[]> {
    const views = await Promise.all(this.#deps.destinations.list().map(destination => this.#view(destination)))
    const before = new Map(this.#views.map(view => [view.destination.id, JSON.stringify(view)]))
    const present = new Set(views.map(view => view.destination.id))
    const changed = views.filter(view => before.get(view.destination.id) !== JSON.stringify(view))
    const removed = [...before.keys()].filter(id => !present.has(id))
    this.#views = views
    if (changed.length + removed.length > 0) this.feed.publish({ changed, removed })
    return views
  }

  async #view(destination: Destination): Promise<DestinationView> {
    const { desk, secrets, usage, locks, facts } = this.#deps
    const savedAt = facts.get(sheetSavedFact(destination.id), z.number())
    return {
      destination,
      state: desk.state(destination),
      place: placeOf(destination),
      protection: (await secrets.protectionOf(destination.id, 'passphrase')) ?? null,
      credentials: await this.#credentials(destination),
      ...usage.present(destination.id),
      ...locks.present(destination.id),
      sheetSavedAt: savedAt === undefined ? null : new Date(savedAt).toISOString(),
    }
  }

  async #credentials(destination: Destination): Promise<DestinationView['credentials']> {
    const { kind } = placeOf(destination)
    if (kind === 'drive' || kind === 'folder') return 'notNeeded'
    if (await this.#deps.secrets.protectionOf(destination.id, 'storage-credentials')) return 'kept'
    // Without some, the agent of SSH and rclone's own configuration are used, where the helper is one person's.
    return (kind === 'sftp' || kind === 'rclone') && this.#deps.mode === 'user' ? 'notNeeded' : 'missing'
  }
}
