import type { DestinationView, JobView } from '../engine/contract/helperContract.ts'
import type { Run } from '../engine/contract/jobs.ts'
import type { LibraryVersion } from '../engine/contract/library.ts'
import type { HelperConnection } from './helperConnection.ts'
import { applyChange, noFacts, type TrayFacts } from './trayFacts.ts'
import { versionsInMenu } from './trayMenu.ts'

const jobId = ({ job }: JobView) => job.id
const runId = ({ id }: Run) => id
const destinationId = ({ destination }: DestinationView) => destination.id

/** Keeps together what the tray shows, and tells when it has changed. */
export class TrayFeed {
  readonly #helper: HelperConnection
  readonly #changed: (facts: TrayFacts) => void
  #facts: TrayFacts
  /** Counts requests for versions, so that a late answer does not replace a newer one. */
  #asked = 0

  constructor(helper: HelperConnection, changed: (facts: TrayFacts) => void) {
    this.#helper = helper
    this.#changed = changed
    this.#facts = { connection: helper.current, ...noFacts }
  }

  get facts(): TrayFacts {
    return this.#facts
  }

  start(): void {
    const refused = () => undefined
    this.#helper.listen(connection => {
      if (connection.state === 'connected') this.#set({ connection })
      else this.#set({ connection, ...noFacts })
    })
    this.#helper.watch('jobs', {
      state: ({ jobs }) => this.#set({ jobs }),
      change: change => this.#set({ jobs: applyChange(this.#facts.jobs, change, jobId) }),
      refused,
    })
    this.#helper.watch('destinations', {
      state: ({ destinations }) => this.#set({ destinations }),
      change: change => this.#set({ destinations: applyChange(this.#facts.destinations, change, destinationId) }),
      refused,
    })
    this.#helper.watch('runs', {
      state: ({ running }) => this.#set({ runs: running }),
      change: run => {
        const change = run.state === 'running' ? { changed: [run], removed: [] } : { changed: [], removed: [run.id] }
        this.#set({ runs: applyChange(this.#facts.runs, change, runId) })
      },
      refused,
    })
    this.#helper.watch('attachments', {
      state: ({ attachments }) => this.#set({ attachments }),
      change: ({ attachments }) => this.#set({ attachments }),
      refused,
    })
    this.#helper.watch('library', {
      state: () => void this.#askVersions(),
      change: () => void this.#askVersions(),
      refused,
    })
  }

  async #askVersions(): Promise<void> {
    const number = ++this.#asked
    let versions: LibraryVersion[] = []
    try {
      versions = (await this.#helper.call('versions.list', { limit: versionsInMenu })).versions
    } catch {
      // The connection is lost, or this person may not know; the menu then offers none.
    }
    if (number === this.#asked) this.#set({ versions })
  }

  #set(changes: Partial<TrayFacts>): void {
    this.#facts = { ...this.#facts, ...changes }
    this.#changed(this.#facts)
  }
}
