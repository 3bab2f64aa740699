import { describe, expect, it } from 'vitest'
import { openDatabase } from '../../../engine/catalogue/database.ts'
import { repositoryMigrations } from '../../../engine/catalogue/migrations/index.ts'
import { names } from '../../../engine/repository/format.ts'
import { parseVersionRecord } from '../../../engine/repository/versionRecord.ts'
import { MemoryStorage } from '../../../engine/storage/memory.ts'
import { FaultyStorage } from '../../support/faultyStorage.ts'
import { LeapingClock } from '../../support/leapingClock.ts'
import { alter, flipped, makeRecord, namesIn, useRepositories } from '../../support/tempRepository.ts'
import { idOf } from '../../support/versions.ts'

const repositories = useRepositories()
const at = '2026-01-31T10:00:00.000Z'
const protect = (version: string, on: boolean) => ({ kind: 'protect' as const, at, version, protected: on })

async function withStorage() {
  const storage = new FaultyStorage(new MemoryStorage())
  return repositories.create({ storage }).then(made => ({ ...made, storage }))
}

describe('version records', () => {
  it('come back as they were put, by their time and then by their id, from any computer', async () => {
    const { repository, storage } = await repositories.create()
    const records = [
      makeRecord({ id: idOf(3), startedAt: '2026-01-02T00:00:00.000Z', root: 'ab'.repeat(16), labels: { a: 'b' } }),
      makeRecord({ id: idOf(1), startedAt: '2026-01-03T00:00:00.000Z', unreadable: [{ offset: 0, length: 4096 }] }),
      makeRecord({ id: idOf(2), startedAt: '2026-01-03T00:00:00.000Z', base: idOf(1), method: 'hints' }),
    ]
    for (const record of records.toReversed()) await repository.versions.putVersion(record)
    expect((await repository.versions.load()).versions).toEqual(records)
    expect((await (await repositories.open(storage)).versions.load()).versions).toEqual(records)
  })

  it('are gone once deleted, also for others, and deleting again is no error', async () => {
    const { repository, storage } = await repositories.create()
    const other = await repositories.open(storage)
    await repository.versions.putVersion(makeRecord())
    expect((await other.versions.load()).versions).toHaveLength(1)
    await repository.versions.deleteVersion(idOf(1))
    await repository.versions.deleteVersion(idOf(1))
    for (const one of [repository, other]) {
      expect(await one.versions.load()).toMatchObject({ versions: [], lostVersions: [] })
    }
  })

  it('are read from the storage once, and then from the catalogue', async () => {
    const { repository, storage, stateDir } = await withStorage()
    await repository.versions.putVersion(makeRecord())
    await repository.versions.putMark(protect(idOf(1), true))
    const gets = () => storage.calls.filter(call => /^get (copies\/)?(versions|marks)/.test(call)).length
    await repository.versions.load()
    expect(gets()).toBe(0)
    const other = await repositories.open(storage)
    for (let i = 0; i < 3; i++) await other.versions.load()
    expect(gets()).toBe(2)
    await (await repositories.open(storage, { stateDir })).versions.load()
    expect(gets()).toBe(2)
  })

  it('are read from the storage again when the catalogue has something else', async () => {
    const { repository, storage, stateDir } = await repositories.create()
    await repository.versions.putVersion(makeRecord())
    const db = openDatabase(`${stateDir}/repositories/${repository.id}.sqlite`, repositoryMigrations)
    db.prepare('UPDATE records SET body = ?').run('{"id":"of a newer Holdfast"}')
    db.close()
    expect(await repository.versions.load()).toMatchObject({ versions: [makeRecord()], lostVersions: [] })
    expect((await (await repositories.open(storage)).versions.load()).versions).toEqual([makeRecord()])
  })

  it('are read from the second copy when the first is damaged, which is reported', async () => {
    const { repository, storage } = await repositories.create()
    await repository.versions.putVersion(makeRecord())
    const name = names.version(idOf(1))
    await alter(storage, name, flipped(50))
    const loaded = await (await repositories.open(storage)).versions.load()
    expect(loaded).toMatchObject({ versions: [makeRecord()], lostVersions: [], faults: [{ name, fault: 'altered' }] })
  })

  it('are called lost when no copy opens, and hide no other', async () => {
    const { repository, storage } = await repositories.create()
    for (const n of [1, 2]) await repository.versions.putVersion(makeRecord({ id: idOf(n) }))
    const name = names.version(idOf(1))
    await alter(storage, name, flipped(50))
    await storage.delete(names.copy(name))
    const loaded = await (await repositories.open(storage)).versions.load()
    expect(loaded.lostVersions).toEqual([idOf(1)])
    expect(loaded.versions.map(version => version.id)).toEqual([idOf(2)])
  })

  it('do not open under the id of another version', async () => {
    const { repository, storage } = await repositories.create()
    await repository.versions.putVersion(makeRecord())
    const stolen = await storage.get(names.version(idOf(1)))
    for (const name of [names.version(idOf(2)), names.copy(names.version(idOf(2)))]) await storage.put(name, [stolen])
    const loaded = await (await repositories.open(storage)).versions.load()
    expect(loaded.lostVersions).toEqual([idOf(2)])
  })

  it('that are removed between listing and reading are not called lost', async () => {
    const { repository, storage } = await withStorage()
    await repository.versions.putVersion(makeRecord())
    const reader = await repositories.open(storage)
    const { get } = storage
    storage.get = async (name, ...rest) => {
      if (name === names.version(idOf(1))) await repository.versions.deleteVersion(idOf(1))
      return get.call(storage, name, ...rest)
    }
    expect(await reader.versions.load()).toMatchObject({ versions: [], lostVersions: [], faults: [] })
  })

  it('are not confused with what others put beside them', async () => {
    const { repository, storage } = await repositories.create()
    for (const name of ['versions/desktop.ini', 'copies/versions/thumbs.db', 'marks/readme.txt']) {
      await storage.put(name, [Buffer.from('[shell]')])
    }
    expect(await repository.versions.load()).toMatchObject({ versions: [], lostVersions: [], lostMarks: [] })
  })

  it('with fields of a later Holdfast are read without them, and without needed ones not at all', () => {
    const bytes = (body: object) => Buffer.from(JSON.stringify(body))
    expect(parseVersionRecord(bytes({ ...makeRecord(), later: [1] }))).toEqual(makeRecord())
    const { root: _, ...rest } = makeRecord()
    expect(parseVersionRecord(bytes(rest))).toBeUndefined()
    expect(parseVersionRecord(bytes({ ...makeRecord(), sizeBytes: -1 }))).toBeUndefined()
    expect(parseVersionRecord(Buffer.from('not JSON'))).toBeUndefined()
  })
})

describe('marks of versions', () => {
  it('count in the order in which they were made, even within one millisecond', async () => {
    const clock = new LeapingClock()
    const { repository, storage } = await repositories.create({ clock })
    for (let i = 0; i < 20; i++) await repository.versions.putMark(protect(idOf(1), i % 2 === 0))
    const { marks } = await (await repositories.open(storage)).versions.load()
    expect([...marks.protectedVersions]).toEqual([])
  })

  it('count in the order in which they were made when the clock is set back', async () => {
    const clock = new LeapingClock()
    const { repository, storage } = await repositories.create({ clock })
    await repository.versions.putMark(protect(idOf(1), false))
    const behind = await repositories.open(storage, { clock: new LeapingClock(Date.UTC(2020, 0, 1)) })
    await behind.versions.load()
    await behind.versions.putMark(protect(idOf(1), true))
    for (const one of [repository, behind]) {
      expect([...(await one.versions.load()).marks.protectedVersions]).toEqual([idOf(1)])
    }
  })

  it('that no copy opens of are reported: a version may have lost its protection', async () => {
    const { repository, storage } = await repositories.create()
    await repository.versions.putMark(protect(idOf(1), true))
    const [name] = await namesIn(storage, 'marks')
    for (const copy of [name!, names.copy(name!)]) await alter(storage, copy, flipped(45))
    const loaded = await (await repositories.open(storage)).versions.load()
    expect(loaded.lostMarks).toEqual([name!.slice('marks/'.length)])
  })

  it('of removed versions can be dropped, but not of any that is there', async () => {
    const { repository, storage } = await repositories.create()
    for (const n of [1, 2, 3]) await repository.versions.putMark(protect(idOf(n), true))
    await repository.versions.putMark({ kind: 'sound', at, copies: [], packs: [] })
    // Made after the caller looked, which knows of the first one only.
    await repository.versions.putVersion(makeRecord({ id: idOf(2) }))
    await repository.versions.dropMarksOfRemoved(new Set([idOf(1)]))
    const { marks } = await (await repositories.open(storage)).versions.load()
    expect([...marks.protectedVersions]).toEqual([idOf(1), idOf(2)])
    expect(await namesIn(storage, 'marks')).toHaveLength(3)
  })
})
