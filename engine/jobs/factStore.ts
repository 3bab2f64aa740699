import type { z } from 'zod'
import type { Database } from './database.ts'

/** Single facts that must survive a restart: when was last pruned, what people have been told. Durable when set. */
export class FactStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Undefined when it was never set, or not to what the schema knows. */
  get<T>(name: string, schema: z.ZodType<T>): T | undefined {
    const value = this.#db.prepare('SELECT value FROM facts WHERE name = ?').pluck().get(name)
    if (value === undefined) return undefined
    const parsed = schema.safeParse(JSON.parse(value as string))
    return parsed.success ? parsed.data : undefined
  }

  set(name: string, value: unknown): void {
    this.#db
      .prepare('INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value')
      .run(name, JSON.stringify(value))
  }

  remove(name: string): void {
    this.#db.prepare('DELETE FROM facts WHERE name = ?').run(name)
  }
}
