import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLogger } from '../../../engine/base/logger.ts'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import type { Destination, Job, Run } from '../../../engine/contract/jobs.ts'
import { NetworkMemory } from '../../../engine/helper/networkMemory.ts'
import type { Reach } from '../../../engine/helper/standings.ts'
import { Supervisor, type SupervisorDeps } from '../../../engine/helper/supervisor.ts'
import { FakeTime } from '../../support/fakeTime.ts'
import { openJobStores } from '../../support/jobStores.ts'
import { makeDestination, makeJob } from '../../support/jobs.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const start = Date.parse('2026-03-02T10:00:00Z')

let stores: ReturnType<typeof openJobStores>
let jobs: typeof stores.jobs
let destinations: typeof stores.destinations
let runs: typeof stores.runs
let time: FakeTime
let supervisor: Supervisor | undefined
let reach: Reach
let onBattery: boolean
/** What runs come to, in the order in which they begin; complete when there is nothing more. */
let fates: ('complete' | 'failed' | 'hang')[]
let durationMs: number
let drive: Destination

beforeEach(() => {
  stores = openJobStores(folder.path)
  jobs = stores.jobs
  destinations = stores.destinations
  runs = stores.runs
  time = new FakeTime(start)
  reach = { isLocal: true, drive: null }
  onBattery = false
  fates = []
  durationMs = 5 * minute
  drive = makeDestination()
  destinations.put(drive)
})

afterEach(async () => {
  await supervisor?.stop()
  supervisor = undefined
  stores.db.close()
})

function begin(over: Partial<SupervisorDeps> = {}): Supervisor {
  supervisor = new Supervisor({
    clock: time,
    jobs,
    destinations,
    runs,
    facts: stores.facts,
    limits: { parallel: 2, perDestination: null },
    logger: createLogger({ write: () => undefined }),
    surroundings: async () => ({ onBattery, metered: false }),
    reach: () => reach,
    async run(_job, _destination, { run, signal }) {
      const fate = fates.shift() ?? 'complete'
      const end = (state: Run['state']) => {
        Object.assign(run, { state, phase: null, finishedAt: new Date(time.now()).toISOString() })
        for (const part of run.parts) {
          part.state = state
          part.version = state === 'complete' ? '0123456789abcdef' : null
        }
      }
      try {
        await time.sleep(fate === 'hang' ? 1000 * day : durationMs, signal)
        end(fate === 'failed' ? 'failed' : 'complete')
      } catch {
        end('cancelled')
      }
    },
    changed: async () => undefined,
    ...over,
  })
  supervisor.start()
  return supervisor
}

/** Daily at 20:00 UTC, without spread. */
const nightly = (over: object = {}): Job =>
  makeJob({
    destinations: [drive.id],
    schedule: { rules: [{ kind: 'daily', time: '20:00' }], timeZone: 'UTC', spreadMinutes: 0 },
    createdAt: new Date(start).toISOString(),
    ...over,
  })
const begun = () => runs.list().map(run => [run.startedAt.slice(0, 16), run.state, run.trigger])

describe('the supervisor', () => {
  it('leaves the place of a run that is paused to others, and keeps it from running twice', async () => {
    fates = ['hang', 'complete']
    const held = nightly({ name: 'Held', schedule: null })
    const other = nightly({ name: 'Other', schedule: null })
    jobs.put(held)
    jobs.put(other)
    begin({ limits: { parallel: 1, perDestination: 1 } }).request(held)
    await time.advance(minute)
    const control = supervisor!.controlOf(runs.running()[0]!.id)!
    supervisor!.request(other)
    await time.advance(10 * minute)
    expect(runs.list({ job: other.id })).toEqual([])
    expect(control.pause()).toBe(true)
    expect(control.pause()).toBe(false)
    supervisor!.request(held)
    supervisor!.wake()
    await time.advance(10 * minute)
    expect(runs.list({ job: other.id })).toMatchObject([{ state: 'complete' }])
    expect(runs.list({ job: held.id })).toHaveLength(1)
  })

  it('tells a run that was paused when the helper ended as interrupted, and no longer as paused', async () => {
    jobs.put(nightly({ schedule: null }))
    fates = ['hang']
    begin().request(jobs.list()[0]!)
    await time.advance(minute)
    const control = supervisor!.controlOf(runs.running()[0]!.id)!
    control.pause()
    runs.put(control.run)
    expect(runs.list()[0]).toMatchObject({ state: 'running', pausedSince: '2026-03-02T10:01:00.000Z' })
    await supervisor!.stop()
    expect(control.gate.isPaused).toBe(false)
    expect(runs.list()[0]).toMatchObject({ state: 'interrupted' })
    expect(runs.list()[0]).not.toHaveProperty('pausedSince')
  })

  it('runs a job at its times, and not before', async () => {
    jobs.put(nightly())
    begin()
    await time.advance(9 * hour)
    expect(begun()).toEqual([])
    await time.advance(3 * day)
    expect(begun()).toEqual([
      ['2026-03-04T20:00', 'complete', 'schedule'],
      ['2026-03-03T20:00', 'complete', 'schedule'],
      ['2026-03-02T20:00', 'complete', 'schedule'],
    ])
  })

  it('makes up for what was missed while the computer was off, once', async () => {
    jobs.put(nightly())
    begin()
    await time.advance(11 * hour)
    await supervisor!.stop()
    time.jump(5 * day + 3 * hour)
    begin()
    await time.advance(hour)
    expect(begun()).toEqual([
      ['2026-03-08T00:00', 'complete', 'missed'],
      ['2026-03-02T20:00', 'complete', 'schedule'],
    ])
  })

  it('tries again after a failure, later and later, and at once when somebody asks', async () => {
    const job = nightly()
    jobs.put(job)
    fates = ['failed', 'failed', 'failed', 'failed']
    durationMs = minute
    begin()
    await time.advance(10 * hour + 14 * minute)
    const gaps = runs.list().map(run => (Date.parse(run.startedAt) - start) / minute - 600)
    expect(gaps.toReversed().map(Math.floor)).toEqual([0, 3, 8])
    supervisor!.request(job)
    await time.advance(5 * minute)
    expect(runs.list()[0]).toMatchObject({ trigger: 'manual', state: 'failed' })
    supervisor!.request(job)
    await time.advance(5 * minute)
    expect(runs.list()[0]).toMatchObject({ trigger: 'manual', state: 'complete' })
  })

  it('waits for a drive without failing, for days, and runs once when it is there', async () => {
    jobs.put(nightly())
    reach = { isLocal: true, drive: { label: 'red drive', connected: false, lastSeen: null } }
    begin()
    await time.advance(4 * day)
    expect(begun()).toEqual([])
    expect((await supervisor!.standings())[0]!.decision).toMatchObject({ state: 'waitingForDrive' })
    reach = { isLocal: true, drive: { label: 'red drive', connected: true, lastSeen: time.now() } }
    supervisor!.wake()
    await time.advance(30 * minute)
    expect(begun()).toHaveLength(1)
  })

  it('keeps what somebody asked for while the network is away, and begins when it is to be tried again', async () => {
    const job = makeJob({ destinations: [drive.id] })
    jobs.put(job)
    const network = new NetworkMemory()
    begin({
      reach: () => {
        const found = network.of(drive.id)
        return { isLocal: false, drive: null, offline: found && { label: 'Cloud', retryAt: found.retryAt } }
      },
      async run(_job, _destination, { run }) {
        const isBack = time.now() >= start + hour
        const error = new HoldfastError('storage.unreachable', 'It does not answer.', { retryable: true })
        if (isBack) network.reached(drive.id)
        else network.failed(drive.id, time.now())
        Object.assign(run, { phase: null, finishedAt: new Date(time.now()).toISOString() })
        Object.assign(run, isBack ? { state: 'complete' } : { state: 'failed', error: error.toWire() })
        for (const part of run.parts)
          Object.assign(part, { state: run.state, version: isBack ? '0123456789abcdef' : null })
      },
    }).request(job)
    await time.advance(50 * minute)
    // After 0, 1, 3, 7, 15 and 31 minutes.
    expect(begun()).toHaveLength(6)
    expect((await supervisor!.standings())[0]).toMatchObject({
      decision: { state: 'waiting', why: 'offline' },
      history: { consecutiveFailures: 0 },
    })
    await time.advance(30 * minute)
    expect(begun()).toHaveLength(7)
    expect(begun()[0]!.slice(1)).toEqual(['complete', 'manual'])
    await time.advance(day)
    expect(begun()).toHaveLength(7)
  })

  it('keeps a request through a restart', async () => {
    const job = makeJob({ destinations: [drive.id] })
    jobs.put(job)
    reach = { isLocal: true, drive: { label: 'x', connected: false, lastSeen: null } }
    begin().request(job)
    await time.advance(hour)
    await supervisor!.stop()
    reach = { isLocal: true, drive: null }
    begin()
    await time.advance(hour)
    expect(begun().map(([, ...rest]) => rest)).toEqual([['complete', 'manual']])
  })

  it('tells runs that a killed one left, and runs them again', async () => {
    const job = nightly()
    jobs.put(job)
    fates = ['hang']
    const first = begin()
    await time.advance(11 * hour)
    expect(runs.running()).toHaveLength(1)
    // As after a kill: nothing of the first is asked any more, and what it writes later is not looked at.
    const left = runs.running()[0]!
    await first.stop()
    runs.put(left)
    begin()
    expect(runs.find(left.id)).toMatchObject({
      state: 'interrupted',
      error: { code: 'run.interrupted' },
      parts: [{ state: 'interrupted' }],
    })
    await time.advance(hour)
    expect(begun().map(([, state]) => state)).toEqual(['complete', 'interrupted'])
  })

  it('that is stopped ends its runs as interrupted; one that a person cancels stays cancelled', async () => {
    const job = makeJob({ destinations: [drive.id] })
    jobs.put(job)
    fates = ['hang', 'hang']
    begin().request(job)
    await time.advance(minute)
    expect(supervisor!.cancel('0000000000000000')).toBe(false)
    expect(supervisor!.cancel(runs.running()[0]!.id)).toBe(true)
    await time.advance(minute)
    expect(runs.list()[0]).toMatchObject({ state: 'cancelled' })
    supervisor!.request(job)
    await time.advance(minute)
    await supervisor!.stop()
    expect(runs.list()[0]).toMatchObject({ state: 'interrupted' })
  })

  it('waits for mains power unless somebody asks', async () => {
    const job = nightly()
    jobs.put(job)
    onBattery = true
    begin()
    await time.advance(day)
    expect(begun()).toEqual([])
    supervisor!.request(job)
    await time.advance(hour)
    expect(begun()).toHaveLength(1)
  })

  it('lets nobody starve: twenty jobs on three repositories for a day, never more at a time than it may', async () => {
    const three = [drive, makeDestination({ name: 'b' }), makeDestination({ name: 'c' })]
    for (const one of three) destinations.put(one)
    for (let i = 0; i < 20; i++) {
      jobs.put(
        makeJob({
          name: `Job ${i}`,
          destinations: [three[i % 3]!.id],
          schedule: { rules: [{ kind: 'hourly' }], timeZone: 'UTC' },
          createdAt: new Date(start).toISOString(),
        }),
      )
    }
    let most = 0
    let now = 0
    begin({
      limits: { parallel: 3, perDestination: 1 },
      async run(job, _destination, { run, signal }) {
        most = Math.max(most, ++now)
        await time.sleep(Number(job.name.slice(4)) % 5 === 0 ? 15 * minute : 2 * minute, signal).catch(() => undefined)
        now--
        Object.assign(run, { state: 'complete', phase: null, finishedAt: new Date(time.now()).toISOString() })
        for (const part of run.parts) Object.assign(part, { state: 'complete', version: '0123456789abcdef' })
      },
    })
    await time.advance(day)
    expect(most).toBe(3)
    for (const job of jobs.list()) expect(runs.list({ job: job.id }).length).toBeGreaterThan(10)
  }, 120_000)
})
