import { describe, expect, it } from 'vitest'
import { type PackRow, packState } from '../../../engine/catalogue/blockRows.ts'
import { planPrune } from '../../../engine/maintenance/prunePlan.ts'

const now = Date.UTC(2026, 10, 21)
const hour = 3_600_000
let nextNum = 1

const pack = (changes: Partial<PackRow> = {}): PackRow => {
  const num = nextNum++
  return {
    num,
    id: num.toString(16).padStart(32, '0'),
    sizeBytes: 16_000_000,
    blockCount: 100,
    state: packState.live,
    wrappedKey: Buffer.alloc(60),
    ...changes,
  }
}
const plan = (packs: PackRow[], live: [PackRow, number][], facts: Partial<Parameters<typeof planPrune>[2]> = {}) =>
  planPrune(packs, new Map(live.map(([row, blocks]) => [row.num, { blocks, plainBytes: blocks * 32_768 }])), {
    unlistedAt: new Map(),
    writersActive: false,
    now,
    ...facts,
  })

describe('planPrune', () => {
  it('deletes what nothing needs, writes anew what is mostly waste, and leaves the rest alone', () => {
    const [dead, half, nearly, full] = [pack(), pack(), pack(), pack()]
    const decided = plan(
      [dead, half, nearly, full],
      [
        [half, 50],
        [nearly, 80],
        [full, 100],
      ],
    )
    expect(decided.dead).toEqual([dead])
    expect(decided.rewrite).toEqual([half])
    expect(decided.wastedBytes).toBe(8_000_000)
  })

  it('leaves packs that are missing or gone out of it', () => {
    const packs = [pack({ state: packState.missing }), pack({ state: packState.gone })]
    expect(plan(packs, [])).toMatchObject({ dead: [], rewrite: [] })
  })

  it('keeps packs of a killed run for a day, and as long as backups run', () => {
    const young = pack()
    const old = pack()
    const unlistedAt = new Map([
      [young.id, now - 23 * hour],
      [old.id, now - 25 * hour],
    ])
    expect(plan([young, old], [], { unlistedAt }).dead).toEqual([old])
    expect(plan([young, old], [], { unlistedAt, writersActive: true }).dead).toEqual([])
  })

  it('joins small packs only once there are many', () => {
    const small = Array.from({ length: 24 }, () => pack({ sizeBytes: 100_000 }))
    const live = small.map((row): [PackRow, number] => [row, 100])
    expect(plan(small.slice(1), live).rewrite).toEqual([])
    expect(plan(small, live).rewrite).toEqual(small)
  })
})
