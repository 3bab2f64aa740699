import { mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import Sqlite from 'better-sqlite3'
import { HoldfastError } from '../contract/errors.ts'

export type Database = Sqlite.Database
export type Statement = Sqlite.Statement

/**
 * Opens a catalogue file and brings its schema up to date. A catalogue is a cache: a file that is damaged or was written by
 * a newer Holdfast is removed and made anew, and its owner fills it again from the repository. Damage that shows only later
 * removes the file as well, and fails with config.invalid (retryable): the next attempt starts with a new one.
 *
 * Several processes may have it open at once; writers wait for one another up to a minute. Fails with config.invalid when
 * the file cannot be made or opened.
 */
export function openDatabase(path: string, migrations: readonly string[]): Database {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    try {
      return prepare(path, migrations)
    } catch (error) {
      if (!isDamage(error)) throw error
      removeFiles(path)
      return prepare(path, migrations)
    }
  } catch (error) {
    throw translate(path, error)
  }
}

function prepare(path: string, migrations: readonly string[]): Database {
  const db = new Sqlite(path, { timeout: 60_000 })
  try {
    db.pragma('journal_mode = WAL')
    // Losing the last commits in a power cut only costs reading them from the repository again.
    db.pragma('synchronous = NORMAL')
    db.pragma('cache_size = -32768')
    db.pragma('temp_store = MEMORY')
    migrate(db, migrations)
    watch(db, path)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** Makes every statement of the connection remove the file when it meets damage in it. */
function watch(db: Database, path: string): void {
  const watched = <A extends unknown[], R>(work: (...args: A) => R) => {
    return (...args: A): R => {
      try {
        return work(...args)
      } catch (error) {
        if (!isDamage(error)) throw error
        removeFiles(path)
        throw new HoldfastError('config.invalid', `The catalogue ${path} was damaged and has been removed.`, {
          advice: 'Run this again: the catalogue is only a cache and is made anew from the repository.',
          details: { path },
          retryable: true,
          cause: error,
        })
      }
    }
  }
  const prepareStatement = db.prepare.bind(db)
  db.prepare = ((sql: string) => {
    const statement = prepareStatement(sql)
    statement.run = watched(statement.run.bind(statement))
    statement.get = watched(statement.get.bind(statement))
    statement.all = watched(statement.all.bind(statement))
    return statement
  }) as Database['prepare']
  db.exec = watched(db.exec.bind(db))
}

function isDamage(error: unknown): boolean {
  return error instanceof Sqlite.SqliteError && /^SQLITE_(CORRUPT|NOTADB)/.test(error.code)
}

function removeFiles(path: string): void {
  // The log first: left beside a new file, it would be read as that file's.
  for (const suffix of ['-wal', '-shm', '']) rmSync(path + suffix, { force: true })
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
  const isFromSystem = error instanceof Error && 'code' in error
  if (error instanceof HoldfastError || !isFromSystem) return error
  return new HoldfastError('config.invalid', `The catalogue ${path} cannot be opened: ${error.message}.`, {
    advice: 'Check that the state folder can be written and has room, or name another one with HOLDFAST_STATE_DIR.',
    details: { path },
    cause: error,
  })
}
