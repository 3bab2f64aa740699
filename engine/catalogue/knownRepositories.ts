import type { Database } from './database.ts'

export interface KnownRepository {
  id: string
  /** Milliseconds since 1970 UTC. */
  lastSeenAt: number
}

/** Which repository was seen last at which place, so that a missing drive is told from an empty folder. */
export class KnownRepositories {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  remember(place: string, id: string, now: number): void {
    this.#db
      .prepare(
        `INSERT INTO repositories (url, id, last_seen_at) VALUES (?, ?, ?)
         ON CONFLICT (url) DO UPDATE SET id = excluded.id, last_seen_at = excluded.last_seen_at`,
      )
      .run(place, id, now)
  }

  at(place: string): KnownRepository | undefined {
    return this.#db.prepare('SELECT id, last_seen_at AS lastSeenAt FROM repositories WHERE url = ?').get(place) as
      | KnownRepository
      | undefined
  }
}
