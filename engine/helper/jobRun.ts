import type { Clock } from '../base/clock.ts'
import { randomHex } from '../base/random.ts'
import { cancelled, HoldfastError, isHoldfastError, type WireError } from '../contract/errors.ts'
import type {
  Destination,
  HookMoment,
  Job,
  JobSource,
  Run,
  RunPart,
  RunProgress,
  RunState,
  RunTrigger,
} from '../contract/jobs.ts'
import type { Engine, HeldSource, Session, SourceRequest } from '../engineApi.ts'
import type { Connector } from './connection.ts'
import { openConnection } from './openDestination.ts'
import { sourceOptionsOf } from './sourceOptions.ts'
import type { UpkeepPlan } from './upkeep.ts'

export interface JobRunDeps {
  engine: Engine
  clock: Clock
  /** Name of this computer, as the engine writes it into versions. */
  host: string
  connector: Connector
  /** Where a source is now: a disk may have another name today. source.notFound when it is not connected. */
  sourcePath(source: JobSource): string
  /** What to do for a destination after its backups. */
  upkeep(job: Job, destination: string): UpkeepPlan
  /** Space was made, or this share of what is stored was checked. */
  upkeepDone(destination: string, what: 'prune' | 'scrub', percent?: number): void
  /** Fails with hook.failed when a hook that runs before something fails; returns warnings of others. */
  hook(moment: HookMoment, job: Job, run: Run): Promise<string[]>
  /** The work is done, well or not, and the repository still open: a last look at it. Does not fail. */
  ended(destination: Destination, session: Session): Promise<void>
  /** The run has changed; kept and shown. */
  changed(run: Run): void
  progress(progress: RunProgress): void
  log(run: string, level: 'info' | 'warn' | 'error', text: string): void
}

/** The record of a run that is about to begin. */
export function newRun(job: Job, destination: Destination, trigger: RunTrigger, now: number): Run {
  return {
    id: randomHex(8),
    kind: 'backup',
    job: job.id,
    jobName: job.name,
    destination: destination.id,
    destinationName: destination.name,
    trigger,
    state: 'running',
    startedAt: new Date(now).toISOString(),
    finishedAt: null,
    phase: 'preparing',
    parts: job.sources.map(waitingPart),
    damagedVersions: 0,
    outcome: null,
    error: null,
    warnings: [],
  }
}

function waitingPart(source: JobSource): RunPart {
  const counters = { readBytes: 0, newBytes: 0, storedBytes: 0, durationMs: 0 }
  return { source: source.name, state: 'waiting', version: null, ...counters, error: null, warnings: [] }
}

/**
 * Runs a job once: every source to one destination, then what keeps that in order. A source that fails costs only its own
 * part. Never throws: what happened is in `run`, which has ended when this resolves.
 *
 * The signal cancels it. What was stored stays, and the next run goes on from there.
 */
export async function runJob(
  job: Job,
  destination: Destination,
  run: Run,
  deps: JobRunDeps,
  signal: AbortSignal,
): Promise<void> {
  deps.changed(run)
  await new JobRun(job, destination, run, deps, signal).run()
}

class JobRun {
  readonly #job: Job
  readonly #destination: Destination
  readonly #run: Run
  readonly #deps: JobRunDeps
  readonly #signal: AbortSignal

  constructor(job: Job, destination: Destination, run: Run, deps: JobRunDeps, signal: AbortSignal) {
    this.#job = job
    this.#destination = destination
    this.#run = run
    this.#deps = deps
    this.#signal = signal
  }

  async run(): Promise<void> {
    try {
      await this.#hook('before-backup')
      try {
        await this.#store()
      } catch (error) {
        this.#fail(error)
      }
      // Also after a failure: it undoes what the one before has done.
      await this.#hook('after-backup')
    } catch (error) {
      this.#fail(error)
    }
    this.#run.state = stateOf(this.#run, this.#signal.aborted)
    if (this.#run.state === 'failed' || this.#run.state === 'incomplete') {
      await this.#hook('on-failure').catch(error => this.#warn(messageOf(error)))
    }
    this.#run.phase = null
    this.#run.finishedAt = new Date(this.#deps.clock.now()).toISOString()
    this.#log(this.#run.state === 'complete' ? 'info' : 'warn', `The run has ended: ${this.#run.state}.`)
    this.#changed()
  }

  async #store(): Promise<void> {
    try {
      this.#phase('opening')
      const connection = await this.#deps.connector.connect(this.#destination, this.#signal)
      try {
        const { write } = this.#job.limits
        const limits = write === null ? {} : { writeLimit: write }
        const session = await openConnection(this.#deps.engine, connection, this.#destination, limits)
        try {
          try {
            await this.#backupAll(session)
            await this.#lookAfter(session)
          } finally {
            await this.#deps.ended(this.#destination, session)
          }
        } finally {
          await session.close()
        }
      } finally {
        // The network may have gone in the middle: what a part ended with is not thrown.
        const { error } = this.#run
        if (error?.code === 'storage.unreachable') connection.tried?.(HoldfastError.fromWire(error as WireError))
        for (const warning of await connection.release()) this.#warn(warning)
      }
    } catch (error) {
      for (const part of this.#run.parts.filter(part => part.state === 'waiting')) this.#failPart(part, error)
      throw error
    }
  }

  /** All sources are held first, so that what is known of them is of one moment; then one after the other is read. */
  async #backupAll(session: Session): Promise<void> {
    const held = new Map<RunPart, HeldSource | Error>()
    try {
      try {
        await this.#hook('before-snapshot')
        await this.#hold(session, held)
      } finally {
        // Also after a failure: it undoes what the one before has done.
        await this.#hook('after-snapshot')
      }
      for (const part of this.#run.parts) {
        const own = held.get(part)
        if (own === undefined || this.#signal.aborted) {
          this.#failPart(part, cancelled('The backup'))
          continue
        }
        held.delete(part)
        await this.#backup(session, part, own)
      }
    } finally {
      for (const one of held.values()) {
        if (one instanceof Error) continue
        for (const warning of await session.release(one)) this.#warn(warning)
      }
    }
  }

  /** Fills in what becomes of each part; nothing for those that a cancellation came before. */
  async #hold(session: Session, into: Map<RunPart, HeldSource | Error>): Promise<void> {
    this.#phase('preparing')
    const present: { part: RunPart; request: SourceRequest }[] = []
    for (const part of this.#run.parts) {
      const source = this.#sourceOf(part)
      try {
        const path = this.#deps.sourcePath(source)
        present.push({ part, request: { path, options: sourceOptionsOf(this.#job, source) } })
      } catch (error) {
        into.set(part, error as Error)
      }
    }
    if (this.#signal.aborted) return
    const requests = present.map(({ request }) => request)
    const held = await session.hold(requests, { signal: this.#signal })
    for (const [n, { part }] of present.entries()) into.set(part, held[n]!)
  }

  #sourceOf(part: RunPart): JobSource {
    return this.#job.sources.find(one => one.name === part.source)!
  }

  async #backup(session: Session, part: RunPart, held: HeldSource | Error): Promise<void> {
    const source = this.#sourceOf(part)
    part.state = 'running'
    this.#changed()
    try {
      if (held instanceof Error) throw held
      const { path } = held
      this.#log('info', `Backing up ${path} as ${source.name}.`)
      const { read } = this.#job.limits
      const result = await session.backup(path, {
        name: source.name,
        labels: this.#job.labels,
        signal: this.#signal,
        priority: this.#job.priority,
        onProgress: progress => {
          this.#phase(progress.phase)
          this.#deps.progress({ run: this.#run.id, source: part.source, ...progress })
        },
        held,
        ...sourceOptionsOf(this.#job, source),
        ...(read === null ? {} : { sourceLimit: read }),
      })
      const { version, readBytes, newBytes, storedBytes, durationMs, warnings } = result
      const state = result.status === 'complete' ? 'complete' : 'incomplete'
      Object.assign(part, { version, readBytes, newBytes, storedBytes, durationMs, warnings, state })
      this.#log('info', `Version ${version} of ${source.name} is ${state}.`)
      const { usedBlocks } = result
      if (usedBlocks?.whyAll)
        this.#log('info', `Free blocks of ${source.name} were read as well: ${usedBlocks.whyAll}.`)
    } catch (error) {
      this.#failPart(part, error)
      this.#fail(error)
    }
    this.#changed()
  }

  /** Retention, a sample of what was just stored, space, and the share of the rotation. Failures are warnings. */
  async #lookAfter(session: Session): Promise<void> {
    const { id } = this.#destination
    const made = this.#run.parts.filter(part => part.version !== null)
    if (made.length === 0 || this.#signal.aborted) return
    const plan = this.#deps.upkeep(this.#job, id)
    const { retention, upkeep } = this.#job
    if (retention !== null) {
      this.#phase('retention')
      for (const part of made) {
        // Of a source that could not be read whole, what is older may be all there is.
        if (part.state !== 'complete') continue
        await this.#attempt(`old versions of ${part.source} could not be removed`, async () => {
          // A policy keeps the oldest version of a day: what was just made must not go before it was of any use.
          const spare = [part.version!]
          const { removed } = await session.enforce(retention, {
            filter: versionsOf(part.source, this.#deps.host),
            spare,
          })
          if (removed.length > 0) this.#log('info', `Removed ${removed.length} old versions of ${part.source}.`)
        })
      }
    }
    if (upkeep.verifyPercent > 0) {
      const versions = made.map(part => part.version!)
      await this.#scrub(session, versions, upkeep.verifyPercent, 'what was just stored')
    }
    if (plan.prune) {
      await this.#attempt('no space could be made', async () => {
        await session.prune({
          signal: this.#signal,
          priority: this.#job.priority,
          onProgress: progress => this.#phase(progress.phase),
        })
        this.#deps.upkeepDone(id, 'prune')
      })
    }
    if (plan.scrubPercent !== undefined) {
      const isDone = await this.#scrub(session, [], plan.scrubPercent, 'what is stored')
      if (isDone) this.#deps.upkeepDone(id, 'scrub', plan.scrubPercent)
    }
    await this.#attempt('it is not known which versions are damaged', async () => {
      const damaged = await session.versions(`status == "damaged" and host == ${quoted(this.#deps.host)}`)
      this.#run.damagedVersions = damaged.length
    })
  }

  async #scrub(session: Session, versions: readonly string[], percent: number, what: string): Promise<boolean> {
    return await this.#attempt(`${what} could not be checked`, async () => {
      const { damaged } = await session.scrub(versions, {
        percent,
        signal: this.#signal,
        priority: this.#job.priority,
        onProgress: progress => this.#phase(progress.phase),
      })
      if (damaged.length === 0) return
      const reasons = damaged.slice(0, 3).map(damage => damage.reason)
      throw new HoldfastError('integrity.damageFound', `Damage was found in ${what}: ${reasons.join(' ')}`, {
        advice: 'Run the job again to store what the source still has, then check the drive.',
        details: { damaged: damaged.length },
      })
    })
  }

  /** True when it went well. A cancellation passes; damage is the run's failure; anything else is a warning. */
  async #attempt(what: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (error) {
      if (isHoldfastError(error, 'run.cancelled')) throw error
      if (isHoldfastError(error, 'integrity.damageFound')) this.#fail(error)
      else this.#warn(`${capital(what)}: ${messageOf(error)}`)
      return false
    }
  }

  async #hook(moment: (typeof runHookMoments)[number]): Promise<void> {
    if (this.#job.hooks[moment] === undefined) return
    this.#phase('hook')
    for (const warning of await this.#deps.hook(moment, this.#job, this.#run)) this.#warn(warning)
  }

  #failPart(part: RunPart, error: unknown): void {
    part.state = isHoldfastError(error, 'run.cancelled') ? 'cancelled' : 'failed'
    part.error = wire(error)
  }

  #fail(error: unknown): void {
    if (isHoldfastError(error, 'run.cancelled')) return
    this.#run.error ??= wire(error)
    this.#log('error', messageOf(error))
  }

  #warn(text: string): void {
    this.#run.warnings.push(text)
    this.#log('warn', text)
  }

  #phase(phase: Run['phase']): void {
    if (this.#run.phase === phase) return
    this.#run.phase = phase
    this.#changed()
  }

  #log(level: 'info' | 'warn' | 'error', text: string): void {
    this.#deps.log(this.#run.id, level, text)
  }

  #changed(): void {
    this.#deps.changed(this.#run)
  }
}

const quoted = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`

/** Moments of a run at which its hooks are called, in their order. */
export const runHookMoments = [
  'before-backup',
  'before-snapshot',
  'after-snapshot',
  'after-backup',
  'on-failure',
] as const satisfies HookMoment[]

/** A filter for what this computer has stored of a source: others may use the same name in the same repository. */
export function versionsOf(source: string, host: string): string {
  return `name == ${quoted(source)} and host == ${quoted(host)}`
}

/** What a run has come to, by its parts. */
export function stateOf(run: Pick<Run, 'parts' | 'error'>, isCancelled: boolean): RunState {
  const states = run.parts.map(part => part.state)
  if (isCancelled && states.some(state => state !== 'complete')) return 'cancelled'
  if (states.every(state => state === 'complete')) return run.error ? 'incomplete' : 'complete'
  return states.some(state => state === 'complete' || state === 'incomplete') ? 'incomplete' : 'failed'
}

/** As it goes into records and over borders. */
export function wire(error: unknown): WireError {
  if (error instanceof HoldfastError) return error.toWire()
  return { code: 'internal.bug', message: messageOf(error), retryable: false }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
