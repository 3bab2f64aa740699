import { describe, expect, test } from 'vitest'
import type { Version } from '../../../../engine/contract/models.ts'
import { type LackingFacts, lackingOf } from '../../../../engine/helper/copies/lacking.ts'
import { isCopyDue } from '../../../../engine/helper/standings.ts'
import type { Decision } from '../../../../engine/scheduler/decision.ts'
import { decide } from '../../../../engine/scheduler/decision.ts'
import { pick } from '../../../../engine/scheduler/lanes.ts'
import { plainFacts } from '../../../support/jobWorld.ts'

const day = 24 * 3_600_000
const now = Date.parse('2026-03-20T12:00:00.000Z')

const version = (daysAgo: number, facts: Partial<Version> = {}): Version =>
  ({
    id: daysAgo.toString(16).padStart(16, '0'),
    name: 'disk',
    date: new Date(now - daysAgo * day).toISOString(),
    status: 'complete',
    protected: false,
    ...facts,
  }) as Version

const lacking = (facts: Partial<LackingFacts>) =>
  lackingOf({
    names: ['disk'],
    have: [],
    missing: [],
    failed: new Set(),
    retention: null,
    reachable: ['one'],
    offline: [],
    now,
    ...facts,
  })

describe('what a destination lacks', () => {
  test('is nothing when nothing is missing, or only what is damaged or failed a short while ago', () => {
    expect(lacking({})).toBeNull()
    const damaged = { destination: 'one', version: version(1, { status: 'damaged' }) }
    expect(lacking({ missing: [damaged] })).toBeNull()
    const failed = { destination: 'one', version: version(2) }
    expect(lacking({ missing: [failed], failed: new Set([failed.version.id]) })).toBeNull()
  })

  test('is sent from where it is sound and can be reached, best first, each version once', () => {
    const missing = [
      { destination: 'one', version: version(2, { status: 'damaged' }) },
      { destination: 'two', version: version(2) },
      { destination: 'three', version: version(2) },
      { destination: 'away', version: version(1) },
    ]
    const found = lacking({ missing, reachable: ['three', 'one', 'two'] })!
    expect(found.versions.map(({ date }) => date)).toEqual([version(2).date, version(1).date])
    expect(found.from).toEqual(['three', 'two'])
    expect(found.reachesTo).toBe(now - day)
  })

  test('is waited for where those that have it do not answer, the next to be tried first', () => {
    const missing = ['one', 'two', 'three'].map(destination => ({ destination, version: version(1) }))
    const offline = ['three', 'other', 'two', 'one'].map((id, n) => ({ id, label: id, retryAt: n === 0 ? now + 9 : n }))
    const facts = { missing: missing.slice(1), offline }
    expect(lacking({ ...facts, reachable: [] })).toMatchObject({ from: [], awaited: { id: 'two' } })
    expect(lacking({ ...facts, reachable: ['three'] })).toMatchObject({ from: ['three'], awaited: null })
    expect(lacking({ ...facts, offline: [], reachable: [] })).toMatchObject({ from: [], awaited: null })
  })

  test('is what the policy keeps of all that would be there, and the newest', () => {
    const missing = [5, 4, 3, 0].map(daysAgo => ({ destination: 'one', version: version(daysAgo) }))
    const have = [version(6), version(0.2, { id: 'f'.repeat(16) as Version['id'] })]
    const found = lacking({ missing, have, retention: 'latest2' })!
    expect(found.versions.map(({ date }) => date)).toEqual([version(0).date])
    // Of one day a policy keeps the oldest: the newest is sent all the same.
    expect(lacking({ missing, have, retention: 'days3' })!.versions.map(({ date }) => date)).toContain(version(0).date)
  })

  test('reaches no further than the source that is behind', () => {
    const missing = [{ destination: 'one', version: version(1) }]
    const names = ['disk', 'other']
    expect(lacking({ missing, names })!.reachesTo).toBe(Number.NEGATIVE_INFINITY)
    const have = [version(9, { name: 'other', id: 'e'.repeat(16) as Version['id'] })]
    expect(lacking({ missing, names, have })!.reachesTo).toBe(now - 9 * day)
  })
})

describe('a run that is due', () => {
  const due = (why: Decision['why'], since: number): Decision => ({ state: 'due', why, text: '', at: null, since })
  const found = lacking({ missing: [{ destination: 'one', version: version(1) }] })

  test('copies when others have what is wanted, and reads the sources when they have not', () => {
    expect(isCopyDue({ decision: due('time', now - 2 * day), lacking: found })).toBe(true)
    expect(isCopyDue({ decision: due('manual', now), lacking: found })).toBe(false)
    expect(isCopyDue({ decision: due('copies', now), lacking: found })).toBe(true)
    expect(isCopyDue({ decision: due('time', 0), lacking: null })).toBe(false)
    expect(isCopyDue({ decision: due('copies', now), lacking: { ...found!, from: [] } })).toBe(false)
  })

  test('is one of copies when nothing else is wanted and nothing stands in the way', () => {
    const facts = plainFacts({ schedule: null, lackingSince: now - day })
    expect(decide(facts, now)).toMatchObject({ state: 'due', why: 'copies' })
    expect(decide({ ...facts, pausedUntil: now + day }, now).state).toBe('paused')
    const drive = { label: 'x', connected: false, lastSeen: null }
    expect(decide({ ...facts, drive }, now).state).toBe('unscheduled')
    const originOffline = { label: 'Cloud', retryAt: now + day }
    expect(decide({ ...facts, originOffline }, now)).toMatchObject({ state: 'waiting', why: 'offline', at: now + day })
    expect(decide({ ...facts, originOffline }, now).text).toContain('Cloud does not answer')
    expect(decide({ ...facts, originOffline }, now + day)).toMatchObject({ state: 'due', why: 'copies' })
    // Whoever wants a version now gets one of the sources.
    expect(decide({ ...facts, originOffline, requestedAt: now }, now)).toMatchObject({ state: 'due', why: 'manual' })
    const power = { onBattery: true, runOnBattery: false }
    expect(decide({ ...facts, power }, now)).toMatchObject({ state: 'waiting', why: 'battery' })
    const lastAttempt = { startedAt: now - 1, endedAt: now, outcome: 'cancelled' as const }
    expect(decide({ ...facts, lastAttempt }, now).state).toBe('unscheduled')
  })

  test('of several destinations of a job, the best one reads; copies go on beside that', () => {
    const run = (destination: string, rank: number, isCopy = false) => {
      return { jobId: 'job', destination, waitingSince: now, lastDurationMs: 1, rank, isCopy }
    }
    const limits = { parallel: 4, perDestination: null }
    const picked = pick([run('a', 1), run('b', 0), run('c', 2, true)], [], limits, now)
    expect(picked.map(({ destination }) => destination)).toEqual(['b', 'c'])
    expect(pick([run('a', 0, true)], [run('a', 0)], limits, now)).toEqual([])
  })
})
