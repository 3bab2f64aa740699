/**
 * A whole day of a helper in minutes: a real helper with real sources and repositories, whose clock is moved. Run as a
 * program with `node --expose-gc`, it prints what it measured as lines of JSON; its argument is a JSON list of schedules, one
 * for each job.
 */
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay, setImmediate } from 'node:timers/promises'
import { createLogger } from '../engine/base/logger.ts'
import { randomBelow, randomBytes } from '../engine/base/random.ts'
import type { Job } from '../engine/contract/jobs.ts'
import { parseSchedule } from '../engine/contract/scheduleText.ts'
import { AuditTrail } from '../engine/helper/access/audit.ts'
import { authoriserFor } from '../engine/helper/access/choose.ts'
import { Erasing } from '../engine/helper/access/erasing.ts'
import { RotatingFile } from '../engine/helper/access/rotatingFile.ts'
import { Helper } from '../engine/helper/helper.ts'
import { upcomingTimes } from '../engine/scheduler/times.ts'
import { FakeTime } from '../test/support/fakeTime.ts'

const minuteMs = 60_000
const start = Date.parse('2026-03-02T00:00:00Z')
const repositories = 3
const sourceBytes = 256 * 1024
const passphrase = 'a whole day'

/** Memory after a collection of garbage, at the end of an hour. Bytes. */
export interface HourSample {
  hour: number
  heapUsed: number
  /** Buffers outside of the heap. */
  external: number
  rss: number
  /** So many runs have ended by then. */
  runs: number
}

/** How often a job ran, and how often its schedule says. */
export interface JobTally {
  job: string
  ran: number
  complete: number
  expected: number
  /** What the others came to. */
  troubles: string[]
}

export type DayLine = { sample: HourSample } | { tally: JobTally }

/** Lives `hours` hours and tells each line as it is known. One job for each schedule; three repositories share them. */
export async function liveADay(
  schedules: readonly string[],
  hours: number,
  tell: (line: DayLine) => void,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-day-'))
  const time = new FakeTime(start)
  const logger = createLogger({ level: 'error', write: line => process.stderr.write(line) })
  const file = (name: string) => new RotatingFile({ path: join(folder, name), maxBytes: 1024 * 1024, keep: 1 })
  const trail = new AuditTrail({ erases: file('erases.log'), denials: file('denials.log'), clock: time, logger })
  const helper = await Helper.open({
    stateDir: join(folder, 'state'),
    runDir: join(folder, 'run'),
    mode: 'user',
    clock: time,
    logger,
    erasing: new Erasing({ authoriser: authoriserFor(process.geteuid?.() ?? 0), trail }),
    conditions: { read: async () => ({ power: 'mains', metered: 'no' }) },
  })
  try {
    const jobs = await makeJobs(helper, folder, schedules)
    // What an app that is open does.
    const ignore = () => undefined
    const peer = { transport: 'memory' } as const
    const watched = [helper.jobFeed.source(ignore, peer), helper.progressFeed.source(ignore, peer)]
    await helper.start()
    for (let hour = 1; hour <= hours; hour++) {
      await live(helper, time, start + hour * 60 * minuteMs)
      for (const { sources } of jobs) await changeAPage(sources[0]!.path)
      tell({ sample: { hour, ...(await memory()), runs: countRuns(helper, jobs) } })
    }
    for (const { close } of watched) close()
    for (const job of jobs) tell({ tally: tallyOf(helper, job, time.now()) })
  } finally {
    await helper.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function makeJobs(helper: Helper, folder: string, schedules: readonly string[]): Promise<Job[]> {
  const destinations: string[] = []
  for (let i = 0; i < repositories; i++) {
    const url = join(folder, `repository-${i}`)
    const { repositoryId } = await helper.engine.init(url, { kind: 'passphrase', passphrase })
    const { id } = helper.service.addDestination({
      ...{ name: `Drive ${i}`, url, repositoryId, mayMount: false, ejectAfterBackup: false },
      ...{ drive: null, lastSeenAt: null },
    })
    await helper.secrets.put(id, 'passphrase', Buffer.from(passphrase))
    destinations.push(id)
  }
  await mkdir(join(folder, 'sources'))
  return await Promise.all(
    schedules.map(async (schedule, i) => {
      const path = join(folder, 'sources', `disk-${i}.img`)
      await writeFile(path, randomBytes(sourceBytes))
      return helper.service.create({
        name: `Job ${i}`,
        sources: [{ path, name: `disk-${i}` }],
        destinations: [destinations[i % repositories]!],
        schedule: parseSchedule(`${schedule}; in UTC`),
        retention: 'latest5',
        upkeep: { pruneEveryDays: 1 },
      })
    }),
  )
}

/** Moves the clock to `end`, and never past a moment at which a run is to begin: a minute would pass while it opens a drive. */
async function live(helper: Helper, time: FakeTime, end: number): Promise<void> {
  while (time.now() < end) {
    const now = time.now()
    const moments = (await helper.supervisor.standings()).flatMap(({ decision }) => decision.at ?? [])
    const next = Math.min(end, now + minuteMs, ...moments.filter(at => at > now))
    await time.advance(next - now)
    await untilNothingIsDue(helper, time)
  }
}

/**
 * Runs take real time while the clock stands still, so that none of them seems to last an hour on a slow computer. While
 * none is under way it moves on, and now and then otherwise: something in a run may wait for it.
 */
async function untilNothingIsDue(helper: Helper, time: FakeTime): Promise<void> {
  for (let looks = 1; ; looks++) {
    const states = new Set((await helper.supervisor.standings()).map(({ decision }) => decision.state))
    if (!states.has('due') && !states.has('running')) return
    if (!states.has('running') || looks % 1000 === 0) await time.advance(100)
    else await delay(50)
  }
}

async function changeAPage(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.write(randomBytes(4096), 0, 4096, randomBelow(sourceBytes / 4096) * 4096)
  } finally {
    await file.close()
  }
}

async function memory(): Promise<Omit<HourSample, 'hour' | 'runs'>> {
  // Twice, with a turn between: what finalizers let go of is garbage only then.
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.()
    await setImmediate()
  }
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heapUsed, external, rss }
}

const countRuns = (helper: Helper, jobs: readonly Job[]): number =>
  jobs.reduce((sum, { id }) => sum + helper.runs.list({ job: id, limit: 200 }).length, 0)

function tallyOf(helper: Helper, job: Job, end: number): JobTally {
  const runs = helper.runs.list({ job: job.id, limit: 200 })
  const times = upcomingTimes(job.schedule!, job.id, start, 200).filter(at => at <= end)
  const complete = runs.filter(run => run.state === 'complete').length
  const bad = runs.filter(run => run.state !== 'complete')
  const troubles = bad.map(run => `${run.startedAt}: ${run.state}: ${run.error?.message ?? run.warnings.join(' ')}`)
  return { job: job.name, ran: runs.length, complete, expected: times.length, troubles }
}

if (import.meta.main) {
  const { schedules, hours } = JSON.parse(process.argv[2]!) as { schedules: string[]; hours: number }
  await liveADay(schedules, hours, line => process.stdout.write(`${JSON.stringify(line)}\n`))
}
