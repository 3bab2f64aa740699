import { describe, expect, it } from 'vitest'
import { connectHouse } from '../../renderer/src/state/connect.ts'
import type { House } from '../../renderer/src/state/house.ts'
import { dayStrip, fixOf, nextRunAt, summaryOf } from '../../renderer/src/state/summary.ts'
import type { ScenarioName } from './fake/scenarioNames.ts'
import { scenario } from './fake/scenarios.ts'

async function houseOf(name: ScenarioName): Promise<House> {
  const { store } = connectHouse(scenario(name).bridge, work => work())
  for (let turn = 0; turn < 5; turn++) await Promise.resolve()
  return store.getState()
}

describe('the one sentence', () => {
  it.each([
    ['fresh', { kind: 'nothing' }],
    ['protected', { kind: 'protected', destinations: ['Samsung T7'] }],
    ['running', { kind: 'running' }],
    ['paused', { kind: 'running' }],
    ['waitingForDrive', { kind: 'waiting', lastSeenAt: '2026-11-24T14:02:00.000Z' }],
    ['overdue', { kind: 'overdue', fix: 'destinations', missing: false }],
    ['damaged', { kind: 'damaged', count: 4, fix: 'health' }],
  ] as const)('of %s', async (name, expected) => {
    expect(summaryOf(await houseOf(name))).toMatchObject(expected)
  })

  it('never says protected while any job has no version', async () => {
    const house = await houseOf('protected')
    const [view] = house.jobs!
    const other = {
      job: { ...view!.job, id: 'f'.repeat(16), name: 'Other' },
      standings: [{ ...view!.standings[0]!, lastSuccessAt: null, lastRun: null }],
    }
    expect(summaryOf({ ...house, jobs: [view!, other] })).toMatchObject({
      kind: 'first',
      view: { job: { name: 'Other' } },
    })
  })

  it('calls a job overdue whose drive is away for too long, and asks for the drive', async () => {
    const house = await houseOf('waitingForDrive')
    const jobs = house.jobs!.map(view => ({
      ...view,
      standings: view.standings.map(standing => ({ ...standing, overdueSince: '2026-11-25T00:00:00.000Z' })),
    }))
    expect(summaryOf({ ...house, jobs })).toMatchObject({ kind: 'overdue', missing: true, error: null })
  })

  it('says that a job is paused, unless something is worse', async () => {
    const house = await houseOf('protected')
    const jobs = house.jobs!.map(view => ({ ...view, job: { ...view.job, pausedUntil: 'forever' as const } }))
    expect(summaryOf({ ...house, jobs })).toMatchObject({ kind: 'paused', fix: 'resume' })
    const damaged = house.library!.map(one => ({ ...one, damaged: 1 }))
    expect(summaryOf({ ...house, jobs, library: damaged }).kind).toBe('damaged')
  })

  it('says that the backup is paused when all that are under way are, unless a job is overdue', async () => {
    const house = await houseOf('running')
    const running = house.running!.map(run => ({ ...run, pausedSince: '2026-11-26T13:59:00.000Z' }))
    expect(summaryOf({ ...house, running })).toMatchObject({ kind: 'held', lastAt: expect.any(String) })
    const jobs = house.jobs!.map(view => ({
      ...view,
      standings: view.standings.map(standing => {
        return { ...standing, state: 'waiting' as const, overdueSince: '2026-11-25T00:00:00.000Z' }
      }),
    }))
    expect(summaryOf({ ...house, jobs, running }).kind).toBe('overdue')
  })

  it('knows where to mend what failed', () => {
    expect(fixOf('storage.full')).toBe('destinations')
    expect(fixOf('integrity.blockMissing')).toBe('health')
    expect(fixOf('hook.failed')).toBe('activity')
    expect(fixOf('storage.unreachable')).toBe('run')
    expect(fixOf('something.newer')).toBe('run')
  })

  it('names the nearest time at which anything runs', async () => {
    const { jobs } = await houseOf('protected')
    expect(nextRunAt(jobs!)).toBe('2026-11-27T19:00:00.000Z')
    expect(nextRunAt([])).toBeNull()
  })
})

describe('the strip of days', () => {
  const now = new Date(2026, 10, 26, 14).getTime()
  const { bridge } = scenario('protected')
  const template = bridge.world.runs[0]!
  const run = (daysAgo: number, state: typeof template.state) => ({
    ...template,
    state,
    startedAt: new Date(2026, 10, 26 - daysAgo, 9).toISOString(),
  })

  it('says how each day went', () => {
    const runs = [
      run(0, 'running'),
      run(1, 'failed'),
      run(1, 'complete'),
      run(2, 'failed'),
      run(3, 'incomplete'),
      run(4, 'complete'),
      run(5, 'cancelled'),
    ]
    expect(dayStrip(runs, now, true, 7).map(({ state }) => state)).toEqual([
      'none',
      'none',
      'protected',
      'attention',
      'danger',
      'attention',
      'waiting',
    ])
  })

  it('leaves out days of which nothing is known', () => {
    const runs = [run(0, 'complete'), run(1, 'complete'), run(2, 'complete')]
    expect(dayStrip(runs, now, false, 14)).toHaveLength(3)
    expect(dayStrip(runs, now, true, 14)).toHaveLength(14)
  })

  it('counts backups only', () => {
    const scrub = { ...run(0, 'failed'), kind: 'scrub' as const }
    expect(dayStrip([scrub], now, true, 1)[0]?.state).toBe('none')
  })
})
