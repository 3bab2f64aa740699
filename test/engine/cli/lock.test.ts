import { expect, test } from 'vitest'
import type { StatsResult } from '../../../engine/contract/models.ts'
import { runInProcess } from '../../support/cliWorld.ts'

const stats: StatsResult = {
  repositoryId: 'a'.repeat(32),
  url: 's3:bucket?lock=30',
  createdAt: '2026-05-01T00:00:00.000Z',
  blockSizeBytes: 32768,
  versions: 2,
  virtualBytes: 2_000_000,
  uniqueBytes: 1_000_000,
  storedBytes: 500_000,
  packs: 1,
  blocks: 31,
  freeBytes: null,
  lock: {
    mode: 'compliance',
    days: 30,
    lockedUntil: '2026-07-03T10:00:00.000Z',
    askedObjects: 14,
    versions: [
      {
        version: '0000000000000001' as never,
        name: 'disk',
        date: '2026-06-03T10:00:00.000Z',
        lockedUntil: '2026-07-03T10:00:00.000Z',
      },
      { version: '0000000000000002' as never, name: 'home', date: '2026-06-04T10:00:00.000Z', lockedUntil: null },
    ],
  },
}

test('stats say until when everything is locked, and each version', async () => {
  const env = { TZ: 'UTC' }
  const all = await runInProcess(['stats'], { env, session: { stats: async () => stats } })
  expect(all.stdout).toMatch(/Locked +everything is locked until .*2026.* \(compliance, 30 days\)/)
  expect(all.stdout).toMatch(/disk of .*: until /)
  expect(all.stdout).toMatch(/home of .*: not locked/)
  const json = await runInProcess(['stats', '--json'], { session: { stats: async () => stats } })
  expect(JSON.parse(json.stdout).lock).toEqual(stats.lock)
  const none = { ...stats, lock: { ...stats.lock!, lockedUntil: null } }
  const open = await runInProcess(['stats'], { session: { stats: async () => none } })
  expect(open.stdout).toContain('not everything is locked')
})

test('lock extend says how much it has extended', async () => {
  const extendLocks = async () => ({
    mode: 'governance' as const,
    days: 30,
    lockedUntil: '2026-07-03T10:00:00.000Z',
    objects: 20,
    asked: 5,
    extended: 4,
  })
  const { code, stdout, stderr } = await runInProcess(['lock', 'extend'], { session: { extendLocks } })
  expect(code).toBe(0)
  expect(stdout + stderr).toMatch(/4 of 20 locks[\s\S]*locked until .*2026/)
})

test('prune says what is still locked', async () => {
  const prune = async () => ({
    dryRun: false,
    deletedPacks: 2,
    freedBytes: 0,
    rewrittenPacks: 0,
    waitingPacks: 0,
    waitingFor: [],
    locked: { objects: 3, sizeBytes: 3 << 20, until: '2026-07-03T10:00:00.000Z' },
    durationMs: 10,
  })
  const { stdout, stderr } = await runInProcess(['prune'], { session: { prune } })
  expect(stdout + stderr).toContain('3 objects that were removed are still locked')
})
