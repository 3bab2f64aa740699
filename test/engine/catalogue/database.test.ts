import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { randomBytes } from '../../../engine/base/random.ts'
import { type Database, openDatabase } from '../../../engine/catalogue/database.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const migrations = ['CREATE TABLE things (id INTEGER PRIMARY KEY, what TEXT NOT NULL)']
const pathOf = (name = 'a.sqlite') => join(folder.path, 'deep', 'down', name)

const opened: Database[] = []
afterEach(() => {
  for (const db of opened.splice(0)) db.close()
})
function openHere(steps: readonly string[] = migrations, path = pathOf()): Database {
  const db = openDatabase(path, steps)
  opened.push(db)
  return db
}
const add = (db: Database, ...whats: string[]) => {
  for (const what of whats) db.prepare('INSERT INTO things (what) VALUES (?)').run(what)
}
const all = (db: Database) => db.prepare('SELECT what FROM things ORDER BY id').pluck().all()

describe('openDatabase', () => {
  it('makes the file and its folders, for the owner only, and finds what was written before', async () => {
    const db = openHere()
    add(db, 'one', 'two')
    db.close()
    expect(all(openHere())).toEqual(['one', 'two'])
    expect((await stat(join(folder.path, 'deep', 'down'))).mode & 0o077).toBe(0)
  })

  it('makes only the steps that are new', () => {
    add(openHere(), 'kept')
    const db = openHere([...migrations, 'ALTER TABLE things ADD COLUMN size INTEGER NOT NULL DEFAULT 7'])
    expect(db.prepare('SELECT what, size FROM things').all()).toEqual([{ what: 'kept', size: 7 }])
    expect(db.pragma('user_version', { simple: true })).toBe(2)
  })

  it('starts anew when a newer Holdfast has written the file', () => {
    const newer = openHere([...migrations, 'CREATE TABLE more (x)', 'CREATE INDEX by_what ON things (what)'])
    add(newer, 'of the future')
    newer.close()
    const db = openHere()
    expect(all(db)).toEqual([])
    expect(db.prepare("SELECT count(*) FROM sqlite_master WHERE name IN ('more', 'by_what')").pluck().get()).toBe(0)
    expect(db.pragma('user_version', { simple: true })).toBe(1)
  })

  it('leaves nothing of a step that fails', () => {
    expect(() => openHere([...migrations, 'CREATE TABLE more (x); SELECT nonsense'])).toThrow(
      expect.objectContaining({ code: 'config.invalid' }),
    )
    const db = openHere()
    expect(db.prepare("SELECT name FROM sqlite_master WHERE name = 'more'").all()).toEqual([])
    expect(all(db)).toEqual([])
  })

  it.each([
    ['is empty', () => Buffer.alloc(0)],
    ['is short garbage', () => randomBytes(10)],
    ['is garbage', () => randomBytes(100_000)],
    ['was cut short', (was: Buffer) => was.subarray(0, 100_000)],
    ['has lost its first page', (was: Buffer) => Buffer.concat([randomBytes(4096), was.subarray(4096)])],
  ])('starts anew when the file %s', async (_, damage) => {
    const db = openHere()
    for (let i = 0; i < 200; i++) add(db, 'x'.repeat(1000))
    db.close()
    await writeFile(pathOf(), damage(await readFile(pathOf())))
    const fresh = openHere()
    expect(all(fresh)).toEqual([])
    add(fresh, 'found')
    expect(all(openHere())).toEqual(['found'])
  })

  it('starts anew when the file was deleted and only its log is left', async () => {
    const db = openHere()
    add(db, 'lost')
    await rm(pathOf())
    const fresh = openHere()
    expect(all(fresh)).toEqual([])
    add(fresh, 'found')
    expect(all(openHere())).toEqual(['found'])
  })

  it('removes a file in which it meets damage later, and the next opening starts anew', async () => {
    const db = openHere()
    for (let i = 0; i < 200; i++) add(db, 'x'.repeat(1000))
    db.close()
    const bytes = await readFile(pathOf())
    // The first pages hold the schema: opening finds nothing wrong.
    await writeFile(pathOf(), bytes.fill(0xa5, 8192))
    const damaged = openHere()
    expect(() => all(damaged)).toThrow(expect.objectContaining({ code: 'config.invalid', retryable: true }))
    expect(all(openHere())).toEqual([])
  })

  it('says what is wrong when the file cannot be made', async () => {
    await writeFile(join(folder.path, 'deep'), 'a file, not a folder')
    expect(() => openHere()).toThrow(expect.objectContaining({ code: 'config.invalid' }))
    await rm(join(folder.path, 'deep'))
    await mkdir(pathOf(), { recursive: true })
    expect(() => openHere()).toThrow(expect.objectContaining({ code: 'config.invalid', details: { path: pathOf() } }))
  })

  it('lets several connections read and write the same file', () => {
    const [a, b] = [openHere(), openHere()]
    add(a, 'by a')
    add(b, 'by b')
    const reading = a.prepare('SELECT what FROM things').pluck().iterate()
    expect(reading.next().value).toBe('by a')
    // A reader does not hold up a writer.
    add(b, 'meanwhile')
    reading.return?.()
    expect(all(a)).toEqual(['by a', 'by b', 'meanwhile'])
  })
})
