import { expect, test } from 'vitest'
import type { FileEntry } from '../../../../engine/contract/files.ts'
import { arrange, Listings } from '../../../../engine/helper/files/listings.ts'

const entry = (name: string, facts: Partial<FileEntry> = {}): FileEntry => ({
  name,
  kind: 'file',
  sizeBytes: 1,
  modified: '2026-01-01T00:00:00.000Z',
  mode: '0644',
  uid: 0,
  gid: 0,
  linkTarget: null,
  isNameExact: true,
  ...facts,
})
const byName = { search: '', order: 'name', descending: false } as const
const namesOf = (entries: readonly FileEntry[]) => entries.map(({ name }) => name)

const mixed = [
  entry('b', { sizeBytes: 3, modified: '2026-01-03T00:00:00.000Z' }),
  entry('A', { sizeBytes: 2, modified: '2026-01-02T00:00:00.000Z' }),
  entry('zoo', { kind: 'folder', sizeBytes: 9 }),
  entry('c', { sizeBytes: 2, modified: '2026-01-01T00:00:00.000Z' }),
  entry('Attic', { kind: 'folder', sizeBytes: 4 }),
]

test('folders come first in any order and direction; what is equal is in the order of names', () => {
  expect(namesOf(arrange(mixed, byName))).toEqual(['Attic', 'zoo', 'A', 'b', 'c'])
  expect(namesOf(arrange(mixed, { ...byName, descending: true }))).toEqual(['zoo', 'Attic', 'c', 'b', 'A'])
  expect(namesOf(arrange(mixed, { ...byName, order: 'size' }))).toEqual(['Attic', 'zoo', 'A', 'c', 'b'])
  expect(namesOf(arrange(mixed, { ...byName, order: 'size', descending: true }))).toEqual([
    'zoo',
    'Attic',
    'b',
    'A',
    'c',
  ])
  expect(namesOf(arrange(mixed, { ...byName, order: 'modified' })).slice(2)).toEqual(['c', 'A', 'b'])
})

test('a search finds names whatever their case', () => {
  expect(namesOf(arrange(mixed, { ...byName, search: 'a' }))).toEqual(['Attic', 'A'])
  expect(arrange(mixed, { ...byName, search: 'nowhere' })).toEqual([])
})

test('a folder of 100 000 entries is read once for all its pages, also when two ask at the same time', async () => {
  const listings = new Listings()
  let reads = 0
  const read = async () => {
    reads++
    return Array.from({ length: 100_000 }, (_, n) => entry(`file ${(n * 7919) % 100_000}`))
  }
  await Promise.all([listings.get('a', '/x', byName, read), listings.get('a', '/x', byName, read)])
  const seen = new Set<string>()
  for (let offset = 0; offset < 100_000; offset += 1000) {
    for (const { name } of (await listings.get('a', '/x', byName, read)).slice(offset, offset + 1000)) seen.add(name)
  }
  expect(seen.size).toBe(100_000)
  expect(reads).toBe(1)
})

test('no more entries are kept than there is room for; the folder that was asked for least recently goes first', async () => {
  const listings = new Listings(10)
  const reads: string[] = []
  const get = (place: string, count: number) =>
    listings.get('a', place, byName, async () => {
      reads.push(place)
      return Array.from({ length: count }, (_, n) => entry(`${n}`))
    })
  await get('/one', 4)
  await get('/two', 4)
  await get('/one', 4)
  await get('/three', 4)
  expect(listings.entries).toBe(8)
  await get('/one', 4)
  expect(reads).toEqual(['/one', '/two', '/three'])
  await get('/two', 4)
  expect(reads.at(-1)).toBe('/two')
  // Larger than all the room: answered, and not kept.
  expect(await get('/huge', 11)).toHaveLength(11)
  expect(listings.entries).toBe(8)
})

test('a folder that could not be read is read again, and what is closed is forgotten', async () => {
  const listings = new Listings()
  const failing = listings.get('a', '/x', byName, () => Promise.reject(new Error('damaged')))
  await expect(failing).rejects.toThrow('damaged')
  expect(await listings.get('a', '/x', byName, async () => [entry('b')])).toHaveLength(1)
  await listings.get('ab', '/x', byName, async () => [entry('c')])
  listings.forget('a')
  expect(listings.entries).toBe(1)
})
