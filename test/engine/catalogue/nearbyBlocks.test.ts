import { describe, expect, it } from 'vitest'
import { randomBytes } from '../../../engine/base/random.ts'
import type { BlockRow } from '../../../engine/catalogue/blockRows.ts'
import { NearbyBlocks } from '../../../engine/catalogue/nearbyBlocks.ts'
import type { PackContent } from '../../../engine/catalogue/packContents.ts'

const perFrame = 8

/** A pack of `count` blocks in frames of eight, with the rows that the catalogue has of them. */
function pack(packNum: number, count: number) {
  const facts = { packNum, packId: `pack-${packNum}`, wrappedKey: randomBytes(60), packState: 0 }
  const contents: PackContent[] = []
  const rows: { id: Buffer; row: BlockRow }[] = []
  for (let i = 0; i < count; i++) {
    const number = Math.floor(i / perFrame)
    const frame = {
      kind: 1,
      compression: 1,
      frameOffset: 84 + number * 1000,
      frameStoredBytes: 1000,
      framePlainBytes: 800,
    }
    contents[number] ??= { ...frame, blocks: [] }
    const block = { id: randomBytes(16), start: (i % perFrame) * 100, plainBytes: 100 }
    contents[number]!.blocks.push(block)
    rows.push({ id: block.id, row: { ...facts, ...frame, start: block.start, plainBytes: 100, damaged: 0 } })
  }
  return { facts, contents, rows }
}

const all = () => true

describe('blocks that lie near the last one', () => {
  it('are told one after the other, and nothing that does not come next', () => {
    const { facts, contents, rows } = pack(1, 40)
    const nearby = new NearbyBlocks()
    nearby.take(facts, contents, all)
    expect(nearby.next(rows[0]!.id)).toBeUndefined()
    nearby.goOnBehind(rows[9]!.row)
    for (const { id, row } of rows.slice(10)) expect(nearby.next(id)).toEqual(row)
    for (const { id } of rows) expect(nearby.next(id)).toBeUndefined()
    nearby.goOnBehind(rows[2]!.row)
    expect(nearby.next(rows[3]!.id)).toEqual(rows[3]!.row)
    expect(nearby.next(randomBytes(16))).toBeUndefined()
  })

  it('may be in packs that were filled side by side, with a few that are left out', () => {
    const nearby = new NearbyBlocks()
    const packs = [1, 2, 3].map(number => pack(number, 64))
    for (const { facts, contents, rows } of packs) {
      nearby.take(facts, contents, all)
      nearby.goOnBehind(rows[0]!.row)
    }
    for (let i = 1; i < 64; i += 3) {
      for (const { rows } of packs) expect(nearby.next(rows[i]!.id)).toEqual(rows[i]!.row)
    }
  })

  it('are never those that are not sound', () => {
    const { facts, contents, rows } = pack(1, 16)
    const nearby = new NearbyBlocks()
    nearby.take(facts, contents, id => !id.equals(rows[5]!.id))
    nearby.goOnBehind(rows[3]!.row)
    expect(nearby.next(rows[4]!.id)).toEqual(rows[4]!.row)
    expect(nearby.next(rows[5]!.id)).toBeUndefined()
    expect(nearby.next(rows[6]!.id)).toEqual(rows[6]!.row)
  })

  it('are forgotten with their packs, when there are too many or when told', () => {
    const nearby = new NearbyBlocks()
    const first = pack(1, 30_000)
    nearby.take(first.facts, first.contents, all)
    nearby.goOnBehind(first.rows[0]!.row)
    expect(nearby.next(first.rows[1]!.id)).toEqual(first.rows[1]!.row)
    for (const number of [2, 3]) {
      const { facts, contents } = pack(number, 30_000)
      nearby.take(facts, contents, all)
    }
    expect(nearby.next(first.rows[2]!.id)).toBeUndefined()
    const last = pack(4, 10)
    nearby.take(last.facts, last.contents, all)
    nearby.goOnBehind(last.rows[0]!.row)
    nearby.clear()
    expect(nearby.next(last.rows[1]!.id)).toBeUndefined()
  })

  it('are taken in when some of them were asked for', () => {
    const nearby = new NearbyBlocks()
    expect([1, 2, 3, 4].map(() => nearby.isWorthTaking(7))).toEqual([false, false, false, true])
    const { facts, contents } = pack(7, 3)
    nearby.take(facts, contents, all)
    expect(nearby.isWorthTaking(7)).toBe(false)
  })
})
