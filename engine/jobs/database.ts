import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import Sqlite from 'better-sqlite3'
import { HoldfastError } from '../contract/errors.ts'

export type Database = Sqlite.Database

/**
 * Numbered steps of the schema. Never change one that was released: add the next. Unlike a catalogue this is no cache:
 * nothing else knows the jobs, so a step carries over everything.
 */
const migrations: readonly string[] = [
  // 1: jobs, destinations, runs and their logs
  `
  CREATE TABLE destinations (
    id TEXT PRIMARY KEY,
    body TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    body TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    job TEXT NOT NULL,
    destination TEXT NOT NULL,
    state TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    body TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX runs_by_job ON runs (job, destination, started_at);
  CREATE INDEX runs_by_state ON runs (state);
  CREATE TABLE log (
    run TEXT NOT NULL,
    line INTEGER NOT NULL,
    at INTEGER NOT NULL,
    level TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (run, line)
  ) WITHOUT ROWID;
  CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) WITHOUT ROWID;
  `,
  // 2: versions of each destination as they were last seen, and a summary of them. "back" is the date in milliseconds before
  // 1970, so that the newest come first in every index.
  `
  CREATE TABLE versions (
    destination TEXT NOT NULL,
    id TEXT NOT NULL,
    back INTEGER NOT NULL,
    name TEXT NOT NULL,
    host TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (destination, id)
  ) WITHOUT ROWID;
  CREATE INDEX versions_by_date ON versions (back, destination, id, name, host);
  CREATE INDEX versions_by_destination ON versions (destination, back, id, name, host);
  CREATE TABLE summaries (
    destination TEXT PRIMARY KEY,
    body TEXT NOT NULL
  ) WITHOUT ROWID;
  `,
  // 3: what repositories took over time
  `
  CREATE TABLE usages (
    destination TEXT NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (destination, at)
  ) WITHOUT ROWID;
  `,
  // 4: versions that were seen in a destination and are not there any more
  `
  CREATE TABLE gone (
    destination TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (destination, id)
  ) WITHOUT ROWID;
  `,
]

/**
 * Opens the file that holds jobs, destinations and runs, and brings its schema up to date. What is committed survives a
 * power cut. Fails with config.invalid when the file is damaged, cannot be made, or comes from a newer Holdfast; it is
 * never replaced by an empty one.
 */
export function openJobDatabase(path: string): Database {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const db = new Sqlite(path, { timeout: 60_000 })
    try {
      db.pragma('journal_mode = WAL')
      db.pragma('synchronous = FULL')
      db.pragma('foreign_keys = ON')
      migrate(db, path)
      return db
    } catch (error) {
      db.close()
      throw error
    }
  } catch (error) {
    if (error instanceof HoldfastError) throw error
    const message = error instanceof Error ? error.message : String(error)
    throw new HoldfastError('config.invalid', `The list of jobs ${path} cannot be opened: ${message}.`, {
      advice: `Check that its folder can be written and has room. If the file is damaged, move it away, start again, and take the jobs over from a file of "holdfast job export".`,
      details: { path },
      cause: error,
    })
  }
}

function migrate(db: Database, path: string): void {
  const version = () => db.pragma('user_version', { simple: true }) as number
  if (version() === migrations.length) return
  db.transaction(() => {
    if (version() > migrations.length) {
      throw new HoldfastError('config.invalid', `The list of jobs ${path} was written by a newer Holdfast.`, {
        advice: 'Use that one, or a newer one still.',
        details: { path, version: version(), known: migrations.length },
      })
    }
    for (const sql of migrations.slice(version())) db.exec(sql)
    db.pragma(`user_version = ${migrations.length}`)
  }).immediate()
}
