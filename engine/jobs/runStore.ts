import { type Run, runSchema } from '../contract/jobs.ts'
import type { Database } from './database.ts'

export interface LogLine {
  /** Milliseconds since 1970 UTC. */
  at: number
  level: 'info' | 'warn' | 'error'
  text: string
}

/** Of one run at most; the oldest lines in the middle give way. */
const maximumLogLines = 2000
const keepPerJob = 200
/** Stands in the column of jobs for runs that belong to none. */
const noJob = ''
const longestLine = 2000

/** The runs of all jobs with their logs. What `put` and `log` were told is durable when they return. */
export class RunStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  put(run: Run): void {
    this.#db
      .prepare(
        `INSERT INTO runs (id, job, destination, state, started_at, body) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET state = excluded.state, body = excluded.body`,
      )
      .run(
        run.id,
        run.job ?? noJob,
        run.destination,
        run.state,
        Date.parse(run.startedAt),
        JSON.stringify(runSchema.parse(run)),
      )
  }

  find(id: string): Run | undefined {
    const body = this.#db.prepare('SELECT body FROM runs WHERE id = ?').pluck().get(id)
    return body === undefined ? undefined : runSchema.parse(JSON.parse(body as string))
  }

  /** Newest first. */
  list(options: { job?: string; destination?: string; limit?: number; before?: number } = {}): Run[] {
    const { job, destination, limit = 50, before = Number.MAX_SAFE_INTEGER } = options
    const chosen = Object.entries({ job, destination }).filter(([, value]) => value !== undefined)
    const where = ['started_at < ?', ...chosen.map(([column]) => `${column} = ?`)].join(' AND ')
    const values = [before, ...chosen.map(([, value]) => value)]
    const rows = this.#db
      .prepare(`SELECT body FROM runs WHERE ${where} ORDER BY started_at DESC, id LIMIT ?`)
      .pluck()
      .all(...values, limit) as string[]
    return rows.map(body => runSchema.parse(JSON.parse(body)))
  }

  /** Those that nobody has ended: of this process, or of one that was killed. */
  running(): Run[] {
    const rows = this.#db.prepare("SELECT body FROM runs WHERE state = 'running'").pluck().all() as string[]
    return rows.map(body => runSchema.parse(JSON.parse(body)))
  }

  /** The newest run of a job to a destination in one of these states. */
  newest(job: string, destination: string, states: readonly Run['state'][]): Run | undefined {
    const body = this.#db
      .prepare(
        `SELECT body FROM runs WHERE job = ? AND destination = ? AND state IN (${states.map(() => '?').join(', ')})
         ORDER BY started_at DESC, id LIMIT 1`,
      )
      .pluck()
      .get(job, destination, ...states)
    return body === undefined ? undefined : runSchema.parse(JSON.parse(body as string))
  }

  log(run: string, lines: readonly LogLine[]): void {
    const insert = this.#db.prepare('INSERT INTO log (run, line, at, level, text) VALUES (?, ?, ?, ?, ?)')
    this.#db
      .transaction(() => {
        let line = (this.#db.prepare('SELECT max(line) FROM log WHERE run = ?').pluck().get(run) as number | null) ?? 0
        for (const { at, level, text } of lines) insert.run(run, ++line, at, level, text.slice(0, longestLine))
        // The beginning tells what was meant to happen, the end what did.
        this.#db
          .prepare('DELETE FROM log WHERE run = ? AND line > ? AND line <= ?')
          .run(run, maximumLogLines / 4, line - (maximumLogLines * 3) / 4)
      })
      .immediate()
  }

  logOf(run: string): LogLine[] {
    return this.#db.prepare('SELECT at, level, text FROM log WHERE run = ? ORDER BY line').all(run) as LogLine[]
  }

  /** Forgets the oldest runs of a job, or with null of those that belong to none. */
  trim(of: string | null, keep: number = keepPerJob): void {
    const job = of ?? noJob
    this.#db
      .transaction(() => {
        this.#db
          .prepare(
            `DELETE FROM runs WHERE job = ? AND state <> 'running' AND id NOT IN (
               SELECT id FROM runs WHERE job = ? ORDER BY started_at DESC, id LIMIT ?)`,
          )
          .run(job, job, keep)
        this.#db.exec('DELETE FROM log WHERE run NOT IN (SELECT id FROM runs)')
      })
      .immediate()
  }
}
