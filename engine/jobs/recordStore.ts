import type { z } from 'zod'
import { HoldfastError } from '../contract/errors.ts'
import type { Database } from './database.ts'

/** Records with an id, kept whole as JSON in one table: jobs, or destinations. Every change is durable when it returns. */
export class RecordStore<T extends { id: string; name: string }> {
  readonly #db: Database
  readonly #table: 'jobs' | 'destinations'
  readonly #schema: z.ZodType<T>
  readonly #word: string

  /** `word` is what one record is called in messages. */
  constructor(db: Database, table: 'jobs' | 'destinations', schema: z.ZodType<T>, word: string) {
    this.#db = db
    this.#table = table
    this.#schema = schema
    this.#word = word
  }

  /** By name. Fails with config.invalid when one cannot be read; its name is in the message. */
  list(): T[] {
    const rows = this.#db.prepare(`SELECT id, body FROM ${this.#table}`).all() as { id: string; body: string }[]
    return rows.map(row => this.#decode(row)).sort((a, b) => a.name.localeCompare(b.name, 'en'))
  }

  find(id: string): T | undefined {
    const row = this.#db.prepare(`SELECT id, body FROM ${this.#table} WHERE id = ?`).get(id)
    return row === undefined ? undefined : this.#decode(row as { id: string; body: string })
  }

  /** By id, by its unique beginning, or by name. config.notFound lists what there is. */
  resolve(text: string): T {
    const all = this.list()
    const exact = all.filter(record => record.id === text || record.name === text)
    const found = exact.length > 0 ? exact : all.filter(record => text.length >= 4 && record.id.startsWith(text))
    if (found.length === 1) return found[0]!
    const names = all.map(record => `“${record.name}”`).join(', ')
    const why = found.length > 1 ? `is the name of ${found.length} of them` : 'is none of them'
    throw new HoldfastError('config.notFound', `There is no ${this.#word} “${text}”: it ${why}.`, {
      advice: names === '' ? `There is no ${this.#word} yet.` : `Choose one of ${names}, or an id.`,
      details: { text, candidates: found.map(record => record.id) },
    })
  }

  put(record: T): void {
    const body = JSON.stringify(this.#schema.parse(record))
    this.#db
      .prepare(
        `INSERT INTO ${this.#table} (id, body) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body`,
      )
      .run(record.id, body)
  }

  /** False when there was none. */
  remove(id: string): boolean {
    return this.#db.prepare(`DELETE FROM ${this.#table} WHERE id = ?`).run(id).changes > 0
  }

  #decode({ id, body }: { id: string; body: string }): T {
    const parsed = this.#schema.safeParse(JSON.parse(body))
    if (parsed.success) return parsed.data
    throw new HoldfastError('config.invalid', `The ${this.#word} ${id} on this computer cannot be read.`, {
      advice: `Remove it with "holdfast job rm ${id}", or use the Holdfast that made it.`,
      details: {
        id,
        issues: parsed.error.issues.slice(0, 5).map(issue => `${issue.path.join('.')}: ${issue.message}`),
      },
    })
  }
}
