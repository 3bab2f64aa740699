import type { Database } from './database.ts'

/** Decoded records that never change once written (versions, marks), so that each is fetched and opened once. */
export class RecordTable {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  get(name: string): string | undefined {
    return this.#db.prepare('SELECT body FROM records WHERE name = ?').pluck().get(name) as string | undefined
  }

  put(name: string, body: string): void {
    this.#db.prepare('INSERT OR REPLACE INTO records (name, body) VALUES (?, ?)').run(name, body)
  }

  delete(name: string): void {
    this.#db.prepare('DELETE FROM records WHERE name = ?').run(name)
  }
}
