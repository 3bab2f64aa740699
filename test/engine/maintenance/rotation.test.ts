import { describe, expect, it } from 'vitest'
import { randomBelow, randomHex } from '../../../engine/base/random.ts'
import { choosePacks } from '../../../engine/maintenance/rotation.ts'

const makePacks = (count: number) =>
  Array.from({ length: count }, () => ({ id: randomHex(16), sizeBytes: 1_000_000 + randomBelow(16_000_000) }))

describe('choosePacks', () => {
  it.each([1, 5, 16, 33, 100])('reaches every pack within a round of %i percent a day', percent => {
    const packs = makePacks(200)
    const seen = new Set<string>()
    let cursor: string | null = null
    for (let day = 0; day < Math.ceil(100 / percent); day++) {
      const choice: ReturnType<typeof choosePacks> = choosePacks(packs, percent, cursor)
      for (const pack of choice.chosen) seen.add(pack.id)
      cursor = choice.cursor
    }
    expect(seen.size).toBe(packs.length)
  })

  it('takes little more than the share', () => {
    const packs = makePacks(200)
    const total = packs.reduce((sum, pack) => sum + pack.sizeBytes, 0)
    const { chosen } = choosePacks(packs, 16, null)
    const bytes = chosen.reduce((sum, pack) => sum + pack.sizeBytes, 0)
    expect(bytes).toBeGreaterThanOrEqual(total * 0.16)
    expect(bytes).toBeLessThan(total * 0.16 + 17_000_000)
  })

  it('reaches packs that are added meanwhile within a round more', () => {
    const packs = makePacks(100)
    let cursor: string | null = null
    for (let day = 0; day < 3; day++) cursor = choosePacks(packs, 16, cursor).cursor
    packs.push(...makePacks(20))
    const seen = new Set<string>()
    for (let day = 0; day < 7; day++) {
      const choice = choosePacks(packs, 16, cursor)
      for (const pack of choice.chosen) seen.add(pack.id)
      cursor = choice.cursor
    }
    expect(seen.size).toBe(packs.length)
  })

  it('starts over when the pack of the cursor was the last, and copes with none', () => {
    const packs = makePacks(3)
    const last = packs.map(pack => pack.id).sort()[2]!
    expect(choosePacks(packs, 1, last).chosen[0]!.id).toBe(packs.map(pack => pack.id).sort()[0])
    expect(choosePacks([], 50, null)).toEqual({ chosen: [], cursor: null })
  })
})
