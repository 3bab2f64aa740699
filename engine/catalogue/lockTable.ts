import type { Database } from './database.ts'

/** Until when objects are locked at a place, as far as is known here. Less than the truth does no harm. */
export class LockTable {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** By name; milliseconds since 1970 UTC. */
  all(place: string): Map<string, number> {
    const rows = this.#db.prepare('SELECT name, until_ms FROM object_locks WHERE place = ?').raw().all(place)
    return new Map(rows as [string, number][])
  }

  note(place: string, locks: Iterable<readonly [name: string, until: number]>): void {
    const put = this.#db.prepare('INSERT OR REPLACE INTO object_locks (place, name, until_ms) VALUES (?, ?, ?)')
    this.#db.transaction(() => {
      for (const [name, until] of locks) put.run(place, name, until)
    })()
  }

  /** Locks that have run out tell nothing. */
  forgetBefore(now: number): void {
    this.#db.prepare('DELETE FROM object_locks WHERE until_ms < ?').run(now)
  }
}
