import { HoldfastError } from '../contract/errors.ts'
import { type LibrarySummary, librarySummarySchema } from '../contract/library.ts'
import { type Version, versionSchema } from '../contract/models.ts'
import type { Database } from './database.ts'

/** A version and where it was seen. */
export interface StoredVersion {
  destination: string
  version: Version
}

export interface VersionQuery {
  destination?: string
  /** Only what this computer has stored under one of these names in one of these destinations. */
  made?: { host: string; names: readonly string[]; destinations: readonly string[] }
  limit: number
  after?: { destination: string; version: string }
}

export interface MissingQuery {
  /** What lacks them. */
  destination: string
  /** What may have them. */
  others: readonly string[]
  /** Of this computer, under these names; of all unless given. */
  made?: { host: string; names: readonly string[] }
  /** Milliseconds since 1970 UTC; of all dates unless given. */
  since?: number
}

interface Row {
  destination: string
  id: string
  body: string
}

/**
 * The versions of all destinations as they were last seen, so that they can be told while a drive is away. The repository is
 * what counts: everything here can be had from it again. Durable when a change returns.
 */
export class LibraryStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /**
   * Newest first, then by destination and id; one more than the limit when there are more. repository.versionNotFound when the
   * one to go on after is gone: begin anew.
   */
  list({ destination, made, limit, after }: VersionQuery): StoredVersion[] {
    const where: string[] = []
    const values: (string | number)[] = []
    if (after) {
      where.push('(back, destination, id) > (?, ?, ?)')
      values.push(this.#backOf(after), after.destination, after.version)
    }
    if (destination !== undefined) {
      where.push('destination = ?')
      values.push(destination)
    }
    if (made) {
      where.push(`destination IN (${marks(made.destinations)}) AND name IN (${marks(made.names)}) AND host = ?`)
      values.push(...made.destinations, ...made.names, made.host)
    }
    const rows = this.#db
      .prepare(
        `SELECT destination, id, body FROM versions ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''}
         ORDER BY back, destination, id LIMIT ?`,
      )
      .all(...values, limit + 1) as Row[]
    return rows.map(decode)
  }

  /**
   * Versions that are in some of `others` and were never seen in the destination: not those that were removed there. The oldest first;
   * one that is in several is told for each.
   */
  missing({ destination, others, made, since }: MissingQuery): StoredVersion[] {
    const where = [`destination IN (${marks(others)})`]
    const values: (string | number)[] = [...others]
    if (made) {
      where.push(`name IN (${marks(made.names)}) AND host = ?`)
      values.push(...made.names, made.host)
    }
    if (since !== undefined) {
      where.push('back <= ?')
      values.push(-since)
    }
    const rows = this.#db
      .prepare(
        `SELECT destination, id, body FROM versions
         WHERE ${where.join(' AND ')}
           AND id NOT IN (SELECT id FROM versions WHERE destination = ?)
           AND id NOT IN (SELECT id FROM gone WHERE destination = ?)
         ORDER BY back DESC, destination, id`,
      )
      .all(...values, destination, destination) as Row[]
    return rows.map(decode)
  }

  find(destination: string, version: string): Version | undefined {
    const row = this.#db
      .prepare('SELECT destination, id, body FROM versions WHERE destination = ? AND id = ?')
      .get(destination, version) as Row | undefined
    return row && decode(row).version
  }

  summary(destination: string): LibrarySummary | undefined {
    const body = this.#db.prepare('SELECT body FROM summaries WHERE destination = ?').pluck().get(destination)
    return body === undefined ? undefined : librarySummarySchema.parse(JSON.parse(body as string))
  }

  /**
   * Remembers what there is in a destination now, and forgets what is not. Writes only what differs. `now` in milliseconds since
   * 1970 UTC.
   */
  replace(
    destination: string,
    versions: readonly Version[],
    now: number,
  ): { summary: LibrarySummary; isChanged: boolean } {
    return this.#db
      .transaction(() => {
        const isFirst = this.summary(destination) === undefined
        const changes = this.#write(destination, versions)
        const dates = versions.map(version => Date.parse(version.date))
        const summary: LibrarySummary = {
          destination,
          versions: versions.length,
          damaged: versions.filter(version => version.status === 'damaged').length,
          oldestAt: iso(dates.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)),
          newestAt: iso(dates.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)),
          refreshedAt: new Date(now).toISOString(),
        }
        this.#db
          .prepare(
            `INSERT INTO summaries (destination, body) VALUES (?, ?)
             ON CONFLICT (destination) DO UPDATE SET body = excluded.body`,
          )
          .run(destination, JSON.stringify(summary))
        return { summary, isChanged: isFirst || changes > 0 }
      })
      .immediate()
  }

  /** Forgets a destination. */
  forget(destination: string): void {
    this.#db
      .transaction(() => {
        this.#db.prepare('DELETE FROM versions WHERE destination = ?').run(destination)
        this.#db.prepare('DELETE FROM summaries WHERE destination = ?').run(destination)
        this.#db.prepare('DELETE FROM gone WHERE destination = ?').run(destination)
      })
      .immediate()
  }

  /** Returns how many rows it has changed. */
  #write(destination: string, versions: readonly Version[]): number {
    const rows = this.#db.prepare('SELECT id, body FROM versions WHERE destination = ?').all(destination) as Row[]
    const known = new Map(rows.map(row => [row.id, row.body]))
    const put = this.#db.prepare(
      `INSERT INTO versions (destination, id, back, name, host, body) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (destination, id) DO UPDATE SET
         back = excluded.back, name = excluded.name, host = excluded.host, body = excluded.body`,
    )
    const back = this.#db.prepare('DELETE FROM gone WHERE destination = ? AND id = ?')
    let changes = 0
    for (const version of versions) {
      const body = JSON.stringify(version)
      if (known.get(version.id) !== body) {
        put.run(destination, version.id, -Date.parse(version.date), version.name, version.host, body)
        back.run(destination, version.id)
        changes++
      }
      known.delete(version.id)
    }
    const remove = this.#db.prepare('DELETE FROM versions WHERE destination = ? AND id = ?')
    const note = this.#db.prepare('INSERT OR IGNORE INTO gone (destination, id) VALUES (?, ?)')
    for (const id of known.keys()) {
      remove.run(destination, id)
      note.run(destination, id)
    }
    return changes + known.size
  }

  #backOf({ destination, version }: { destination: string; version: string }): number {
    const back = this.#db
      .prepare('SELECT back FROM versions WHERE destination = ? AND id = ?')
      .pluck()
      .get(destination, version)
    if (back !== undefined) return back as number
    throw new HoldfastError('repository.versionNotFound', `Version ${version} is not there any more.`, {
      advice: 'List the versions anew, from the first.',
      details: { destination, version },
    })
  }
}

const marks = (values: readonly unknown[]): string => values.map(() => '?').join(', ')

const decode = ({ destination, body }: Row): StoredVersion => ({
  destination,
  version: versionSchema.parse(JSON.parse(body)),
})

const iso = (at: number): string | null => (Number.isFinite(at) ? new Date(at).toISOString() : null)
