import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Usage } from '../../../engine/contract/library.ts'
import { openJobDatabase } from '../../../engine/jobs/database.ts'
import { growthPerDay, mostUsages, superfluousUsages } from '../../../engine/jobs/usageHistory.ts'
import { UsageStore } from '../../../engine/jobs/usageStore.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const hourMs = 60 * 60_000
const dayMs = 24 * hourMs
const now = Date.parse('2026-06-01T12:00:00.000Z')
const usage = (at: number, storedBytes: number): Usage => ({
  at: new Date(at).toISOString(),
  storedBytes,
  virtualBytes: 0,
  uniqueBytes: 0,
  freeBytes: null,
  versions: 1,
})

describe('growth', () => {
  test('is told of a straight line exactly', () => {
    const line = Array.from({ length: 20 }, (_, day) => usage(now - day * dayMs, 1_000_000 - day * 5000))
    expect(growthPerDay(line, now)).toBeCloseTo(5000, 3)
  })

  test('is negative when room was given back', () => {
    expect(growthPerDay([usage(now - 10 * dayMs, 2000), usage(now, 1000)], now)).toBeCloseTo(-100, 6)
  })

  test('cannot be told of one day', () => {
    expect(growthPerDay([], now)).toBeNull()
    expect(growthPerDay([usage(now, 1)], now)).toBeNull()
    expect(growthPerDay([usage(now - dayMs / 2, 1), usage(now, 2)], now)).toBeNull()
  })

  test('knows nothing of what was more than thirty days ago, or is in the future', () => {
    const others = [usage(now - 31 * dayMs, 0), usage(now + dayMs, 10 ** 12)]
    expect(growthPerDay([...others, usage(now - 2 * dayMs, 100), usage(now, 300)], now)).toBeCloseTo(100, 6)
  })
})

describe('measurements', () => {
  test('of the last week stay, one for each hour; older ones for each day, and then for each week', () => {
    const times = Array.from({ length: 365 * 24 * 4 }, (_, quarter) => now - quarter * 15 * 60_000)
    const gone = new Set(superfluousUsages(times, now))
    const kept = times.filter(time => !gone.has(time))
    const between = (from: number, to: number) => kept.filter(time => now - time >= from && now - time < to).length
    expect(kept.length).toBeLessThanOrEqual(mostUsages)
    expect(kept).toContain(now)
    expect(between(0, 7 * dayMs)).toBeGreaterThanOrEqual(168)
    expect(between(8 * dayMs, 89 * dayMs)).toBe(81)
    expect(between(100 * dayMs, 345 * dayMs)).toBe(35)
    expect(superfluousUsages(kept, now)).toEqual([])
  })

  test('are at most 400, whatever the clock said', () => {
    const times = Array.from({ length: 3000 }, (_, i) => now + i * hourMs)
    expect(times.length - superfluousUsages(times, now).length).toBe(mostUsages)
  })
})

describe('the store', () => {
  const folder = useTemporaryFolder()

  test('keeps them over a restart, by destination, oldest first', () => {
    const path = join(folder.path, 'jobs.sqlite')
    const first = openJobDatabase(path)
    const store = new UsageStore(first)
    store.add('a', usage(now, 2), now)
    store.add('a', usage(now - dayMs, 1), now)
    store.add('b', usage(now, 3), now)
    first.close()
    const second = openJobDatabase(path)
    const again = new UsageStore(second)
    expect(again.list('a').map(({ storedBytes }) => storedBytes)).toEqual([1, 2])
    again.forget('a')
    expect(again.list('a')).toEqual([])
    expect(again.list('b')).toHaveLength(1)
    second.close()
  })

  test('does not grow without end', () => {
    const db = openJobDatabase(join(folder.path, 'jobs.sqlite'))
    const store = new UsageStore(db)
    for (let i = 0; i < 500; i++) store.add('a', usage(now + i * hourMs, i), now + i * hourMs)
    const kept = store.list('a')
    expect(kept.length).toBeLessThan(200)
    expect(kept.at(-1)!.storedBytes).toBe(499)
    db.close()
  })
})
