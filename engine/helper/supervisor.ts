import { z } from 'zod'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import { HoldfastError } from '../contract/errors.ts'
import type { Destination, Job, Run, RunTrigger } from '../contract/jobs.ts'
import type { FactStore } from '../jobs/factStore.ts'
import { type ClockMemory, noteClock } from '../scheduler/clockMemory.ts'
import type { Decision } from '../scheduler/decision.ts'
import { type LaneLimits, pick, type WaitingRun } from '../scheduler/lanes.ts'
import { lackedPlace } from './history.ts'
import { newRun } from './jobRun.ts'
import { RunControl } from './runControl.ts'
import { isCopyDue, keyOf, type Standing, Standings, type StandingsDeps, type Surroundings, unit } from './standings.ts'

export interface SupervisorDeps extends StandingsDeps {
  clock: Clock
  facts: FactStore
  limits: LaneLimits
  logger: Logger
  surroundings(): Promise<Surroundings>
  /**
   * Runs a job to its end; never throws. The run is ended when it resolves. Its kind says whether it reads the sources or copies what the
   * destination lacks; `isWanted` whether the sources are to be read if that is not possible.
   */
  run(job: Job, destination: Destination, control: RunControl, isWanted: boolean): Promise<void>
  /** Destinations of a job, best first, of which the first that is due reads for all. In the job's order unless given. */
  ranked?(job: Job): string[]
  /** Something about how jobs fare may have changed. Waited for, so that nothing of it is left when the supervisor has stopped. */
  changed(): Promise<unknown>
}

interface Running {
  job: string
  control: RunControl
  lastDurationMs: number | null
  done: Promise<void>
}

/** Looked at this often at least: a computer that slept, or a clock that was set, announces itself to nobody. */
const longestWaitMs = 30_000
/** How old the last look at the clock that is kept may be. */
const clockKeptMs = 10 * 60_000
const requestsSchema = z.array(z.strictObject({ job: z.string(), destination: z.string(), at: z.number() }))
const clockSchema = z.strictObject({ seen: z.number(), setBackAt: z.number().nullable() })

/**
 * Decides again and again which jobs are to run, and runs them. What must survive it is in the stores: a supervisor that is
 * killed at any moment is replaced by a new one on the same stores, which tells the interrupted runs and goes on.
 */
export class Supervisor {
  readonly #deps: SupervisorDeps
  readonly #running = new Map<string, Running>()
  readonly #standings: Standings
  readonly #stop = new AbortController()
  #wake: () => void = () => undefined
  #isWoken = false
  /** As it is kept; written now and then only, so that no disk has to wake for it. */
  #clock: ClockMemory | null = null
  #loop: Promise<void> | undefined

  constructor(deps: SupervisorDeps) {
    this.#deps = deps
    this.#standings = new Standings(deps)
  }

  /** Tells the runs that an earlier process left, and begins. */
  start(): void {
    this.#clock = this.#deps.facts.get('clock', clockSchema) ?? null
    this.#tellInterrupted()
    this.#loop = this.#run()
  }

  /** Ends all runs where they can be gone on from, and returns when they have ended. */
  async stop(): Promise<void> {
    this.#stop.abort()
    for (const { control } of this.#running.values()) control.cancel()
    this.#wake()
    await Promise.all([...this.#running.values()].map(({ done }) => done))
    await this.#loop
  }

  /** Decides anew at once: a fact has changed. */
  wake(): void {
    this.#isWoken = true
    this.#wake()
  }

  /** Asks for a run of a job, to all of its destinations or to some. Kept until it has begun. */
  request(job: Job, destinations: readonly string[] = job.destinations): void {
    const before = this.#requests()
    const at = this.#deps.clock.now()
    const asked = destinations.map(destination => ({ job: job.id, destination, at }))
    // Asked for twice, it is wanted since the first time.
    const added = asked.filter(one => !before.some(other => keyOf(one) === keyOf(other)))
    this.#deps.facts.set('requests', [...before, ...added])
    this.wake()
  }

  /** False when no such run is under way. */
  cancel(run: string): boolean {
    const control = this.controlOf(run)
    control?.cancel()
    return control !== undefined
  }

  /** Of a run under way. */
  controlOf(run: string): RunControl | undefined {
    return [...this.#running.values()].find(({ control }) => control.run.id === run)?.control
  }

  /** Runs under way. */
  running(): Run[] {
    return [...this.#running.values()].map(({ control }) => control.run)
  }

  /** How every job stands with each of its destinations. */
  async standings(): Promise<Standing[]> {
    const surroundings = await this.#deps.surroundings()
    return this.#look(surroundings)
  }

  /** Resolves when nothing is due or running, or the signal fires. What waits for a drive or another time is not waited for. */
  async idle(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const standings = await this.standings()
      if (!standings.some(({ decision }) => decision.state === 'due' || decision.state === 'running')) return
      await this.#deps.clock.sleep(200, signal).catch(() => undefined)
    }
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      let waitMs = longestWaitMs
      try {
        waitMs = await this.#turn()
      } catch (error) {
        // A full disk, a damaged record: everything else goes on, and this is tried again.
        this.#deps.logger.error('The schedule could not be gone through', { error })
      }
      if (this.#stop.signal.aborted) return
      await this.#rest(waitMs)
    }
  }

  /** Starts what is due and has a place. Returns after how long to look again. */
  async #turn(): Promise<number> {
    this.#isWoken = false
    const { clock } = this.#deps
    const surroundings = await this.#deps.surroundings()
    const now = clock.now()
    this.#noteClock(now)
    const standings = this.#look(surroundings)
    const due = new Map(
      standings.filter(({ decision }) => decision.state === 'due').map(one => [keyOf(unit(one)), one]),
    )
    const queue = [...due.values()].map(standing => this.#waiting(standing, now))
    const running = [...this.#running.values()].map(({ job, control, lastDurationMs }) => {
      const { destination, kind } = control.run
      return { jobId: job, destination, lastDurationMs, isCopy: kind === 'copy', isPaused: control.gate.isPaused }
    })
    for (const chosen of pick(queue, running, this.#deps.limits, now)) {
      this.#begin(due.get(keyOf({ job: chosen.jobId, destination: chosen.destination }))!, chosen.lastDurationMs)
    }
    await this.#deps.changed()
    const next = Math.min(...standings.flatMap(({ decision }) => decision.at ?? []), now + longestWaitMs)
    return Math.max(next - now, 100)
  }

  #noteClock(now: number): void {
    const before = this.#clock
    const noted = noteClock(before, now)
    const isWorthKeeping =
      before === null || noted.setBackAt !== before.setBackAt || noted.seen - before.seen > clockKeptMs
    if (!isWorthKeeping) return
    this.#clock = noted
    this.#deps.facts.set('clock', noted)
  }

  #begin(standing: Standing, lastDurationMs: number | null): void {
    const { job, destination, decision } = standing
    const { clock, runs } = this.#deps
    const kind = isCopyDue(standing) ? 'copy' : 'backup'
    const run = newRun(job, destination, triggerOf(decision), clock.now(), kind)
    // Before the request is forgotten: killed in between, it runs once too often rather than never.
    runs.put(run)
    const key = keyOf(unit({ job, destination }))
    this.#deps.facts.set(
      'requests',
      this.#requests().filter(one => keyOf(one) !== key),
    )
    const control = new RunControl(run, clock)
    const done = this.#deps
      .run(job, destination, control, decision.why !== 'copies')
      .catch(error => {
        run.error ??= HoldfastError.fromWire({
          code: 'internal.bug',
          message: String(error),
          retryable: false,
        }).toWire()
        run.state = 'failed'
      })
      .then(() => this.#ended(key, job.id, control))
    this.#running.set(key, { job: job.id, control, lastDurationMs, done })
  }

  #ended(key: string, jobId: string, control: RunControl): void {
    const { run } = control
    control.end()
    // Nobody cancelled it: the helper was told to end.
    if (run.state === 'cancelled' && this.#stop.signal.aborted) interrupt(run, this.#deps.clock.now())
    this.#running.delete(key)
    this.#standings.forget(key)
    this.#deps.runs.put(run)
    this.#deps.runs.trim(jobId)
    // Whoever asked for it still wants it, once the drive or the network is there.
    const job = lackedPlace(run) && run.trigger === 'manual' ? this.#deps.jobs.find(jobId) : undefined
    if (job) this.request(job, [run.destination])
    this.wake()
  }

  #look(surroundings: Surroundings): Standing[] {
    return this.#standings.look({
      now: this.#deps.clock.now(),
      surroundings,
      clockSetBackAt: this.#clock?.setBackAt ?? null,
      requests: new Map(this.#requests().map(request => [keyOf(request), request.at])),
      running: new Map([...this.#running].map(([key, { control }]) => [key, control.run])),
    })
  }

  #waiting(standing: Standing, now: number): WaitingRun {
    const { job, destination, decision } = standing
    const { lastDurationMs } = this.#standings.past(job.id, destination.id).history
    const ranked = this.#deps.ranked?.(job) ?? job.destinations
    return {
      ...{ jobId: job.id, destination: destination.id, lastDurationMs },
      // What is old for want of a drive need not come before what is due.
      waitingSince: decision.why === 'copies' ? now : (decision.since ?? now),
      rank: ranked.indexOf(destination.id),
      isCopy: isCopyDue(standing),
    }
  }

  #requests(): z.infer<typeof requestsSchema> {
    return this.#deps.facts.get('requests', requestsSchema) ?? []
  }

  #tellInterrupted(): void {
    for (const run of this.#deps.runs.running()) {
      interrupt(run, this.#deps.clock.now())
      this.#deps.runs.put(run)
      this.#deps.runs.log(run.id, [
        { at: this.#deps.clock.now(), level: 'warn', text: 'The helper ended in the middle of this run.' },
      ])
    }
  }

  async #rest(ms: number): Promise<void> {
    if (this.#isWoken) return
    const rest = new AbortController()
    this.#wake = () => rest.abort()
    await this.#deps.clock.sleep(ms, rest.signal).catch(() => undefined)
    this.#wake = () => undefined
  }
}

/** Gives a run that nobody ended its true state. */
function interrupt(run: Run, now: number): void {
  run.state = 'interrupted'
  delete run.pausedSince
  run.phase = null
  run.finishedAt ??= new Date(now).toISOString()
  for (const part of run.parts) if (['running', 'waiting', 'cancelled'].includes(part.state)) part.state = 'interrupted'
  run.error ??= new HoldfastError('run.interrupted', 'The helper ended in the middle of this run.', {
    advice: 'Nothing needs to be done: the next run goes on from there.',
    retryable: true,
  }).toWire()
}

const triggers: Partial<Record<Decision['why'], RunTrigger>> = {
  manual: 'manual',
  missed: 'missed',
  drive: 'drive',
  copies: 'missed',
}
const triggerOf = ({ why }: Decision): RunTrigger => triggers[why] ?? 'schedule'
