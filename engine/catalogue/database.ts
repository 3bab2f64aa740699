import { mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import Sqlite from 'better-sqlite3'
import { HoldfastError } from '../contract/errors.ts'

export type Database = Sqlite.Database
export type Statement = Sqlite.Statement

const corruptCodes = new Set(['SQLITE_CORRUPT', 'SQLITE_NOTADB'])

/**
 * Opens a catalogue file and brings its schema up to date. A catalogue is a cache: a file that is damaged or was written by
 * a newer Holdfast is removed and made anew, and its owner fills it again from the repository.
 *
 * Several processes may have it open at once; writers wait for one another up to a minute.
 */
export function openDatabase(path: string, migrations: readonly string[]): Database {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  try {
    return prepare(path, migrations)
  } catch (error) {
    if (!(error instanceof Sqlite.SqliteError) || !corruptCodes.has(error.code)) throw translate(path, error)
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
    return prepare(path, migrations)
  }
}

function prepare(path: string, migrations: readonly string[]): Database {
  const db = new Sqlite(path, { timeout: 60_000 })
  try {
    db.pragma('journal_mode = WAL')
    // Losing the last commits in a power cut only costs reading them from the repository again.
    db.pragma('synchronous = NORMAL')
    db.pragma('cache_size = -32768')
    // Temporary tables grow with the repository: they belong on the disk.
    db.pragma('temp_store = FILE')
    migrate(db, migrations)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

function migrate(db: Database, migrations: readonly string[]): void {
  const version = () => db.pragma('user_version', { simple: true }) as number
  if (version() === migrations.length) return
  db.transaction(() => {
    if (version() > migrations.length) {
      dropAll(db)
      db.pragma('user_version = 0')
    }
    for (const sql of migrations.slice(version())) db.exec(sql)
    db.pragma(`user_version = ${migrations.length}`)
  }).immediate()
}

function dropAll(db: Database): void {
  const tables = db.prepare(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
  for (const { name } of tables.all() as { name: string }[]) db.exec(`DROP TABLE "${name}"`)
}

function translate(path: string, error: unknown): unknown {
  if (!(error instanceof Sqlite.SqliteError)) return error
  return new HoldfastError('config.invalid', `The catalogue ${path} cannot be opened: ${error.message}.`, {
    advice: 'Check that the state folder can be written and has room, or name another one with HOLDFAST_STATE_DIR.',
    details: { path },
    cause: error,
  })
}
