import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Version } from '../../../engine/contract/models.ts'
import { type Database, openJobDatabase } from '../../../engine/jobs/database.ts'
import { LibraryStore, type VersionQuery } from '../../../engine/jobs/libraryStore.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'
import { idOf, makeVersion } from '../../support/versions.ts'

const folder = useTemporaryFolder()
const [here, there] = ['00000000000000aa', '00000000000000bb']
let db: Database
let store: LibraryStore

beforeEach(() => {
  db = openJobDatabase(join(folder.path, 'jobs.sqlite'))
  store = new LibraryStore(db)
})
afterEach(() => void db.close())

const version = (number: number, at: number, facts: Partial<Version> = {}): Version =>
  makeVersion({ id: idOf(number), date: new Date(at).toISOString(), host: 'here', name: 'root', ...facts })

/** All pages of a query, and how many there were. */
function pages(query: Omit<VersionQuery, 'after'>): string[][] {
  const found: string[][] = []
  let after: VersionQuery['after']
  for (;;) {
    const page = store.list({ ...query, ...(after && { after }) })
    const shown = page.slice(0, query.limit)
    found.push(shown.map(({ destination, version }) => `${destination} ${version.id}`))
    if (page.length <= query.limit) return found
    const last = shown.at(-1)!
    after = { destination: last.destination, version: last.version.id }
  }
}

test('versions come newest first, page by page, each once, however many share a moment', () => {
  const some = fc.array(
    fc.record({ at: fc.nat(5), name: fc.constantFrom('root', 'home'), host: fc.constantFrom('here', 'away') }),
    { maxLength: 30 },
  )
  fc.assert(
    fc.property(
      some,
      some,
      fc.integer({ min: 1, max: 7 }),
      fc.constantFrom('all', 'here', 'made'),
      (one, other, limit, which) => {
        const versions = [one, other].map(facts => facts.map(({ at, ...rest }, i) => version(i, at * 1000, rest)))
        store.replace(here, versions[0]!, 0)
        store.replace(there, versions[1]!, 0)
        const query = {
          all: {},
          here: { destination: here },
          made: { made: { host: 'here', names: ['root'], destinations: [here] } },
        }[which]
        const wanted = [here, there]
          .flatMap((destination, i) => versions[i]!.map(version => ({ destination, version })))
          .filter(({ destination, version }) => {
            if (which === 'all') return true
            return destination === here && (which === 'here' || (version.name === 'root' && version.host === 'here'))
          })
          .sort((a, b) => {
            const later = Date.parse(b.version.date) - Date.parse(a.version.date)
            const key = ({ destination, version }: typeof a) => `${destination} ${version.id}`
            return later || (key(a) < key(b) ? -1 : 1)
          })
          .map(({ destination, version }) => `${destination} ${version.id}`)
        const found = pages({ ...query, limit })
        expect(found.flat()).toEqual(wanted)
        expect(found.slice(0, -1).every(page => page.length === limit)).toBe(true)
      },
    ),
    { numRuns: 60 },
  )
})

test('only what differs is written, and whether anything did is told', () => {
  const first = [version(1, 1000), version(2, 2000, { status: 'damaged' })]
  expect(store.replace(here, first, 5000)).toEqual({
    isChanged: true,
    summary: {
      destination: here,
      versions: 2,
      damaged: 1,
      oldestAt: '1970-01-01T00:00:01.000Z',
      newestAt: '1970-01-01T00:00:02.000Z',
      refreshedAt: '1970-01-01T00:00:05.000Z',
    },
  })
  const changes = () => db.prepare('SELECT total_changes()').pluck().get() as number
  const before = changes()
  expect(store.replace(here, first.toReversed(), 6000)).toMatchObject({ isChanged: false, summary: { versions: 2 } })
  // Of the summary alone: when it was looked at.
  expect(changes() - before).toBe(1)
  expect(store.replace(here, [{ ...first[0]!, protected: true }, first[1]!], 7000).isChanged).toBe(true)
  expect(store.find(here, idOf(1))?.protected).toBe(true)
  expect(store.replace(here, [first[1]!], 8000)).toMatchObject({ isChanged: true, summary: { versions: 1 } })
  expect(store.find(here, idOf(1))).toBeUndefined()
})

test('of an empty repository it is known that it was looked at', () => {
  expect(store.summary(here)).toBeUndefined()
  expect(store.replace(here, [], 1000).isChanged).toBe(true)
  expect(store.summary(here)).toMatchObject({ versions: 0, oldestAt: null, newestAt: null })
})

test('what is remembered survives, and a destination that is forgotten takes its versions along', () => {
  store.replace(here, [version(1, 1000)], 0)
  store.replace(there, [version(1, 1000)], 0)
  db.close()
  db = openJobDatabase(join(folder.path, 'jobs.sqlite'))
  store = new LibraryStore(db)
  store.forget(here)
  expect(pages({ limit: 10 }).flat()).toEqual([`${there} ${idOf(1)}`])
  expect(store.summary(here)).toBeUndefined()
})

test('to go on after a version that is gone is refused', () => {
  store.replace(here, [version(1, 1000)], 0)
  const after = { destination: here, version: idOf(2) }
  expect(() => store.list({ limit: 1, after })).toThrow(expect.objectContaining({ code: 'repository.versionNotFound' }))
})

test('no page of many sorts or reads them all', () => {
  const plan = (sql: string) =>
    (db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[]).map(({ detail }) => detail).join('\n')
  const order = 'ORDER BY back, destination, id LIMIT 10'
  expect(plan(`SELECT body FROM versions WHERE (back, destination, id) > (1, '', '') ${order}`)).not.toContain(
    'TEMP B-TREE',
  )
  const one = plan(
    `SELECT body FROM versions WHERE (back, destination, id) > (1, '', '') AND destination = 'a' ${order}`,
  )
  expect(one).not.toContain('TEMP B-TREE')
})

test('a file of the first release is brought up to date and keeps its jobs', () => {
  db.exec(
    "DROP TABLE versions; DROP TABLE summaries; DROP TABLE usages; DROP TABLE gone; INSERT INTO facts VALUES ('clock', '1'); PRAGMA user_version = 1",
  )
  db.close()
  db = openJobDatabase(join(folder.path, 'jobs.sqlite'))
  expect(db.prepare('SELECT value FROM facts').pluck().get()).toBe('1')
  expect(new LibraryStore(db).replace(here, [version(1, 1000)], 0).isChanged).toBe(true)
})
