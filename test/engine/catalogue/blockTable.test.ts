import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { randomBytes, randomHex } from '../../../engine/base/random.ts'
import { type NewPack, packState } from '../../../engine/catalogue/blockRows.ts'
import { BlockTable } from '../../../engine/catalogue/blockTable.ts'
import { type Database, openDatabase } from '../../../engine/catalogue/database.ts'
import { repositoryMigrations } from '../../../engine/catalogue/migrations/index.ts'
import { RecordTable } from '../../../engine/catalogue/recordTable.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const opened: Database[] = []
afterEach(() => {
  for (const db of opened.splice(0)) db.close()
})
function connect(): { db: Database; table: BlockTable } {
  const db = openDatabase(join(folder.path, 'a.sqlite'), repositoryMigrations)
  opened.push(db)
  return { db, table: new BlockTable(db) }
}

const none = new Set<string>()
function makePack(ids: Buffer[]): NewPack {
  const blocks = ids.map((id, i) => ({ id, plainBytes: 100 + i }))
  const frame = { kind: 1, compression: 1, offset: 84, storedBytes: 500, plainBytes: 1000, blocks }
  return { id: randomHex(16), wrappedKey: randomBytes(60), sizeBytes: 1000, frames: [frame] }
}
const makeIds = (count: number): Buffer[] => Array.from({ length: count }, () => randomBytes(32))

describe('BlockTable', () => {
  it('finds every copy of a block with its place: live, condemned, damaged, and missing ones last', () => {
    const { table } = connect()
    const [shared, own] = makeIds(2) as [Buffer, Buffer]
    const packs = [makePack([own, shared]), makePack([shared]), makePack([shared]), makePack([shared])]
    table.addPacks('s1', packs)
    table.settle(new Set([packs[1]!.id]), none, new Set([packs[2]!.id]))
    table.setDamaged([{ blockId: shared, packId: packs[0]!.id }])
    const found = table.find(shared)
    expect(found.map(row => row.packId)).toEqual([3, 1, 0, 2].map(i => packs[i]!.id))
    expect(found[2]).toMatchObject({
      frameOffset: 84,
      start: 100,
      plainBytes: 101,
      damaged: 1,
      packState: packState.live,
    })
    expect(found[2]!.wrappedKey).toEqual(packs[0]!.wrappedKey)
    expect(table.isLive(shared)).toBe(true)
    table.setDamaged([0, 3].map(i => ({ blockId: shared, packId: packs[i]!.id })))
    expect(table.isLive(shared)).toBe(false)
    expect(table.find(randomBytes(32))).toEqual([])
  })

  it('answers for blocks that lie together as for each by itself, also after their pack has changed', () => {
    const { table } = connect()
    const ids = makeIds(20)
    const packs = [makePack(ids), makePack(ids.slice(5, 10))]
    table.addPacks('s1', packs)
    table.settle(none, none, none)
    const one = (id: Buffer) => table.findOne(id)
    const all = () => ids.map(one)
    const places = () => ids.map(id => table.find(id).map(row => ({ ...row })))
    for (let round = 0; round < 2; round++) {
      for (const [i, row] of all().entries()) expect(places()[i]).toContainEqual(row)
    }
    expect(one(randomBytes(32))).toBeUndefined()
    table.setDamaged([3, 7].map(i => ({ blockId: ids[i]!, packId: packs[0]!.id })))
    for (let round = 0; round < 2; round++) {
      expect(all().map(row => row!.damaged)).toEqual(ids.map((_, i) => (i === 3 ? 1 : 0)))
      expect(one(ids[7]!)!.packId).toBe(packs[1]!.id)
    }
    table.setPackState(packs[0]!.id, packState.missing)
    expect(all().map(row => row!.packState)).toEqual(
      ids.map((_, i) => (i >= 5 && i < 10 ? packState.live : packState.missing)),
    )
    table.setCondemned(new Set([packs[1]!.id]))
    for (let round = 0; round < 2; round++) expect(one(ids[7]!)!.packState).toBe(packState.condemned)
  })

  it('takes in packs of any size, and knows when there is nothing', () => {
    const { table } = connect()
    const ids = makeIds(200)
    expect(table.isLive(ids[0]!)).toBe(false)
    const packs = [makePack(ids.slice(0, 63)), makePack(ids.slice(63, 128)), makePack(ids.slice(128))]
    table.addPacks('s1', packs)
    table.settle(none, none, none)
    for (const id of ids) {
      expect(table.isLive(id)).toBe(true)
      expect(table.find(id)).toHaveLength(1)
    }
    expect(table.totals().blocks).toBe(200)
  })

  it('takes in the same packs again without change', () => {
    const { table } = connect()
    const ids = makeIds(5)
    const pack = makePack(ids)
    for (const segment of ['s1', 's1', 's2', undefined]) table.addPacks(segment, [pack])
    expect(table.packs()).toHaveLength(1)
    for (const id of ids) expect(table.find(id)).toHaveLength(1)
    expect(table.contentsOf(table.packs()[0]!.num).flatMap(frame => frame.blocks.map(block => block.id))).toEqual(ids)
    expect(table.totals()).toEqual({ blocks: 5, plainBytes: 100 + 101 + 102 + 103 + 104 })
  })

  it('counts what versions need by the best copy of each block', () => {
    const { table } = connect()
    const ids = makeIds(4)
    const packs = [makePack(ids), makePack(ids.slice(0, 1))]
    table.addPacks('s1', packs)
    table.settle(new Set([packs[0]!.id]), none, none)
    const nums = packs.map(pack => table.packs().find(row => row.id === pack.id)!.num)
    for (let i = 0; i < 2; i++) {
      table.beginLive()
      expect(ids.slice(0, 3).map(id => table.markLive(id))).toEqual([true, true, true])
      expect([ids[0]!, randomBytes(32)].map(id => table.markLive(id))).toEqual([false, false])
      expect([...table.liveByPack()].sort()).toEqual([
        [nums[0], { blocks: 2, plainBytes: 203 }],
        [nums[1], { blocks: 1, plainBytes: 100 }],
      ])
      expect(table.liveBlocksOf(nums[0]!).map(block => block.id)).toEqual(ids.slice(1, 3))
    }
  })

  it('counts a sound copy as needed even if it is condemned and the live one is damaged', () => {
    const { table } = connect()
    const [id] = makeIds(1) as [Buffer]
    const [live, condemned] = [makePack([id]), makePack([id])]
    table.addPacks('s1', [live, condemned])
    table.settle(new Set([condemned.id]), none, none)
    table.setDamaged([{ blockId: id, packId: live.id }])
    table.beginLive()
    table.markLive(id)
    const needed = table.packs().filter(pack => table.liveByPack().has(pack.num))
    expect(needed.map(pack => pack.id)).toEqual([condemned.id])
  })

  it('sees what another connection has done, also to packs that it remembers', () => {
    const [a, b] = [connect().table, connect().table]
    const ids = makeIds(80)
    const packs = ids.map(id => makePack([id]))
    a.addPacks('s1', packs)
    expect(b.isLive(ids[0]!)).toBe(true)
    // Dropped for good, because they are many; and their numbers are not given to others.
    a.dropSegments(['s1'])
    a.settle(none, none, none)
    a.addPacks('s2', [makePack(makeIds(1))])
    for (const id of ids) {
      expect(b.isLive(id)).toBe(false)
      expect(b.find(id)).toEqual([])
    }
    const [last] = a.packs()
    expect(last!.num).toBeGreaterThan(80)
  })

  it('does without a pack that another connection drops between two looks', () => {
    const [a, b] = [connect(), connect()]
    const [id] = makeIds(1) as [Buffer]
    a.table.addPacks('s1', [makePack([id])])
    // What a reader can see that has read the block just before, and reads the pack just after.
    a.db.exec('DELETE FROM packs')
    expect(b.table.isLive(id)).toBe(false)
    expect(b.table.find(id)).toEqual([])
  })

  it('lets two connections write in turns without losing anything', () => {
    const tables = [connect().table, connect().table]
    const ids = makeIds(60)
    for (const [i, id] of ids.entries()) {
      tables[i % 2]!.addPacks(`s${i}`, [makePack([id])])
      if (i % 7 === 0) tables[(i + 1) % 2]!.settle(none, none, none)
    }
    for (const table of tables) {
      table.settle(none, none, none)
      expect(ids.every(id => table.isLive(id))).toBe(true)
      expect(table.segments()).toHaveLength(60)
    }
  })
})

describe('RecordTable', () => {
  it('remembers records by name until they are deleted', () => {
    const { db } = connect()
    const [one, other] = [new RecordTable(db), new RecordTable(connect().db)]
    expect(one.get('versions/a')).toBeUndefined()
    one.put('versions/a', 'first')
    one.put('versions/a', 'second')
    expect(other.get('versions/a')).toBe('second')
    other.delete('versions/a')
    other.delete('versions/a')
    expect(one.get('versions/a')).toBeUndefined()
  })
})
