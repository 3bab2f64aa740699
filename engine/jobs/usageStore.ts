import { type Usage, usageSchema } from '../contract/library.ts'
import type { Database } from './database.ts'
import { superfluousUsages } from './usageHistory.ts'

/** What the repositories of destinations took over time. Every change is durable when it returns. */
export class UsageStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Also forgets those that are too many by then. `now` in milliseconds since 1970 UTC. */
  add(destination: string, usage: Usage, now: number): void {
    const drop = this.#db.prepare('DELETE FROM usages WHERE destination = ? AND at = ?')
    this.#db
      .transaction(() => {
        this.#db
          .prepare(
            `INSERT INTO usages (destination, at, body) VALUES (?, ?, ?)
             ON CONFLICT (destination, at) DO UPDATE SET body = excluded.body`,
          )
          .run(destination, Date.parse(usage.at), JSON.stringify(usageSchema.parse(usage)))
        const times = this.#db.prepare('SELECT at FROM usages WHERE destination = ?').pluck().all(destination)
        for (const time of superfluousUsages(times as number[], now)) drop.run(destination, time)
      })
      .immediate()
  }

  /** Oldest first. */
  list(destination: string): Usage[] {
    const rows = this.#db.prepare('SELECT body FROM usages WHERE destination = ? ORDER BY at').pluck().all(destination)
    return (rows as string[]).map(body => usageSchema.parse(JSON.parse(body)))
  }

  forget(destination: string): void {
    this.#db.prepare('DELETE FROM usages WHERE destination = ?').run(destination)
  }
}
