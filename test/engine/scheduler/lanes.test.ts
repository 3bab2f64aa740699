import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseSchedule } from '../../../engine/contract/scheduleText.ts'
import { decide } from '../../../engine/scheduler/decision.ts'
import { type LaneLimits, pick, quickRunMs, type RunningRun, type WaitingRun } from '../../../engine/scheduler/lanes.ts'
import { previousTime } from '../../../engine/scheduler/times.ts'
import { plainFacts } from '../../support/jobWorld.ts'

const minute = 60_000
const hour = 60 * minute
const now = 1000 * hour
const quick = minute
const slow = 3 * hour

const waiting = (jobId: string, lastDurationMs: number | null, minutes = 0, destination = 'A'): WaitingRun => ({
  jobId,
  destination,
  waitingSince: now - minutes * minute,
  lastDurationMs,
})
const running = (jobId: string, lastDurationMs: number | null, destination = 'A'): RunningRun => ({
  jobId,
  destination,
  lastDurationMs,
})
const picked = (queue: WaitingRun[], runs: RunningRun[], parallel: number, perDestination: number | null = null) =>
  pick(queue, runs, { parallel, perDestination }, now).map(({ jobId }) => jobId)

describe('pick', () => {
  it('starts who waits longest, as many as there are places', () => {
    const queue = [waiting('a', quick, 1), waiting('b', quick, 9), waiting('c', quick, 5)]
    expect(picked(queue, [], 2)).toEqual(['b', 'c'])
    expect(picked(queue, [running('x', quick)], 2)).toEqual(['b'])
    expect(picked(queue, [running('x', quick), running('y', slow)], 2)).toEqual([])
  })

  it('keeps one of several places from slow runs', () => {
    const queue = [waiting('s1', slow, 9), waiting('s2', slow, 8), waiting('q', quick, 1)]
    expect(picked(queue, [], 3)).toEqual(['s1', 's2', 'q'])
    expect(picked(queue, [], 2)).toEqual(['s1', 'q'])
    expect(picked(queue, [running('x', slow)], 2)).toEqual(['q'])
    expect(picked(queue.slice(0, 2), [running('x', slow)], 2)).toEqual([])
  })

  it('gives the only place to whoever waits longest', () => {
    expect(picked([waiting('s', slow, 9), waiting('q', quick, 1)], [], 1)).toEqual(['s'])
    expect(picked([waiting('s', slow, 1), waiting('q', quick, 9)], [], 1)).toEqual(['q'])
  })

  it('takes runs of ten minutes and jobs that have never run for slow', () => {
    const runs = [running('x', slow)]
    expect(picked([waiting('a', quickRunMs - 1)], runs, 2)).toEqual(['a'])
    expect(picked([waiting('a', quickRunMs)], runs, 2)).toEqual([])
    expect(picked([waiting('a', null)], runs, 2)).toEqual([])
  })

  it('runs a job once at a time, whatever the destination', () => {
    const queue = [waiting('a', quick, 2, 'A'), waiting('a', quick, 1, 'B'), waiting('b', quick)]
    expect(picked(queue, [], 5)).toEqual(['a', 'b'])
    expect(picked(queue, [running('a', quick, 'C')], 5)).toEqual(['b'])
  })

  it('keeps to the limit of a destination and lets others pass', () => {
    const queue = [waiting('a', quick, 3, 'A'), waiting('b', quick, 2, 'A'), waiting('c', quick, 1, 'B')]
    expect(picked(queue, [], 5, 1)).toEqual(['a', 'c'])
    expect(picked(queue, [running('x', quick, 'A')], 5, 2)).toEqual(['a', 'c'])
    expect(picked(queue, [], 5, null)).toEqual(['a', 'b', 'c'])
  })

  it('lets nobody take what the first has waited an hour for', () => {
    const runs = [running('x', slow, 'B')]
    const later = waiting('q', quick, 1, 'A')
    expect(picked([waiting('s', slow, 59, 'A'), later], runs, 2, 1)).toEqual(['q'])
    expect(picked([waiting('s', slow, 60, 'A'), later], runs, 2, 1)).toEqual([])
    expect(picked([waiting('s', slow, 60, 'A'), later], runs, 2, null)).toEqual(['q'])
    const busy = [running('x', quick, 'A')]
    expect(picked([waiting('s', slow, 60, 'A'), waiting('t', slow, 1, 'B')], busy, 3, 1)).toEqual([])
    expect(picked([waiting('s', slow, 59, 'A'), waiting('t', slow, 1, 'B')], busy, 3, 1)).toEqual(['t'])
  })

  it('keeps nothing for a run that waits for its own job', () => {
    const queue = [waiting('x', slow, 500, 'A'), waiting('q', quick, 1, 'A'), waiting('s', slow, 1, 'A')]
    expect(picked(queue, [running('x', quick, 'B')], 4, 2)).toEqual(['q', 's'])
  })

  it('keeps to every limit, starts nothing twice and leaves no place empty that somebody may take', () => {
    const runs = fc.record({
      jobId: fc.constantFrom(...'abcdefghij'),
      destination: fc.constantFrom('A', 'B', 'C'),
      lastDurationMs: fc.constantFrom(null, quick, slow),
    })
    const queues = fc.uniqueArray(fc.tuple(runs, fc.nat({ max: 90 })), {
      maxLength: 12,
      selector: ([{ jobId, destination }]) => `${jobId} ${destination}`,
    })
    const limits = fc.record({ parallel: fc.integer({ min: 1, max: 5 }), perDestination: fc.constantFrom(null, 1, 2) })
    fc.assert(
      fc.property(queues, limits, (entries, limit) => {
        const queue = entries.map(([run, minutes]) => ({ ...run, waitingSince: now - minutes * minute }))
        const started = pick(queue, [], limit, now)
        expectWithin(limit, started)
        expect(queue).toEqual(expect.arrayContaining(started))
        if (queue.length > 0) expect(started.length).toBeGreaterThan(0)
        expect(pick([...queue].reverse(), [], limit, now)).toEqual(started)
      }),
    )
  })
})

function expectWithin({ parallel, perDestination }: LaneLimits, runs: readonly RunningRun[]): void {
  expect(runs.length).toBeLessThanOrEqual(parallel)
  expect(new Set(runs.map(({ jobId }) => jobId)).size).toBe(runs.length)
  const slowRuns = runs.filter(run => run.lastDurationMs === null || run.lastDurationMs >= quickRunMs)
  expect(slowRuns.length).toBeLessThanOrEqual(Math.max(1, parallel - 1))
  for (const [, group] of Map.groupBy(runs, run => run.destination)) {
    expect(group.length).toBeLessThanOrEqual(perDestination ?? parallel)
  }
}

interface SimulatedJob {
  jobId: string
  destination: string
  schedule: ReturnType<typeof parseSchedule>
  durationMs: number
  lastSuccess: number | null
  lastDurationMs: number | null
  endsAt: number | null
  waits: number[]
}

/** Lets jobs come due and run for a time, minute by minute, and notes how long each run waited. */
function live(jobs: SimulatedJob[], limits: LaneLimits, start: number, end: number): void {
  for (let at = start; at < end; at += minute) {
    for (const job of jobs) {
      if (job.endsAt !== null && job.endsAt <= at) {
        job.endsAt = null
        job.lastDurationMs = job.durationMs
      }
    }
    const queue = jobs.flatMap(job => {
      const { jobId, schedule, lastSuccess, endsAt } = job
      const facts = plainFacts({ jobId, schedule, lastSuccess, scheduledSince: start, running: endsAt !== null })
      const decision = decide(facts, at)
      return decision.state === 'due' ? [{ ...job, waitingSince: decision.since! }] : []
    })
    const runs = jobs.filter(({ endsAt }) => endsAt !== null)
    const started = pick(queue, runs, limits, at)
    expectWithin(limits, [...runs, ...started])
    for (const { jobId, waitingSince } of started) {
      const job = jobs.find(one => one.jobId === jobId)!
      job.waits.push(at - waitingSince)
      job.lastSuccess = at
      job.endsAt = at + job.durationMs
    }
  }
}

describe('24 hours with 20 jobs on 3 destinations', () => {
  const start = Date.UTC(2026, 0, 5)
  const end = start + 24 * hour
  const job = (index: number, text: string, durationMs: number): SimulatedJob => ({
    jobId: `job ${index}`,
    destination: 'ABC'[index % 3]!,
    schedule: parseSchedule(`${text}; in UTC`),
    durationMs,
    lastSuccess: null,
    lastDurationMs: durationMs,
    endsAt: null,
    waits: [],
  })
  /** 12 quick hourly jobs, 4 slow ones each 8 hours, 4 slow daily ones that all begin at the same time. */
  const jobs = () => [
    ...Array.from({ length: 12 }, (_, n) => job(n, 'hourly', 4 * minute)),
    ...Array.from({ length: 4 }, (_, n) => job(12 + n, 'every 8 hours from 01:00', 70 * minute)),
    ...Array.from({ length: 4 }, (_, n) => job(16 + n, 'daily at 02:00', 100 * minute)),
  ]

  it.each<LaneLimits>([
    { parallel: 3, perDestination: null },
    { parallel: 4, perDestination: 2 },
    { parallel: 6, perDestination: 3 },
  ])('let each job run as often as it should: %o', limits => {
    const all = jobs()
    live(all, limits, start, end)
    for (const { jobId, schedule, waits } of all) {
      const expected = schedule.rules[0]!.kind === 'hourly' ? 23 : schedule.rules[0]!.kind === 'daily' ? 1 : 3
      expect(waits.length, jobId).toBeGreaterThanOrEqual(expected)
      const last = all.find(one => one.jobId === jobId)!.lastSuccess!
      expect(last, jobId).toBeGreaterThanOrEqual(previousTime(schedule, jobId, end - 9 * hour)!)
    }
    const quickWaits = all.slice(0, 12).flatMap(({ waits }) => waits)
    const slowWaits = all.slice(12).flatMap(({ waits }) => waits)
    // At most the other eleven quick ones are ahead in the lane that slow ones may not take.
    expect(Math.max(...quickWaits)).toBeLessThanOrEqual(limits.perDestination === null ? 50 * minute : 100 * minute)
    expect(Math.max(...slowWaits)).toBeLessThanOrEqual(7 * hour)
  })

  it('let a slow job have its turn although quick ones never stop coming to its destination', () => {
    const slowOne = { ...job(0, 'daily at 06:00', 2 * hour), destination: 'A' }
    const elsewhere = [1, 2, 3].map(n => ({ ...job(n, 'hourly', 55 * minute), destination: 'B' }))
    const crowd = Array.from({ length: 8 }, (_, n) => ({
      ...job(10 + n, 'cron */10 * * * *', 5 * minute),
      destination: 'A',
    }))
    const all = [slowOne, ...elsewhere, ...crowd]
    live(all, { parallel: 2, perDestination: 1 }, start, end)
    expect(slowOne.waits).toHaveLength(1)
    expect(slowOne.waits[0]!).toBeLessThanOrEqual(4 * hour)
    for (const { jobId, waits } of all) expect(waits.length, jobId).toBeGreaterThan(0)
  })
})
