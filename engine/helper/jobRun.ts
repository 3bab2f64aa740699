import type { Clock } from '../base/clock.ts'
import { randomHex } from '../base/random.ts'
import { cancelled, HoldfastError, isHoldfastError, type WireError } from '../contract/errors.ts'
import type { Destination, HookMoment, Job, JobSource, Run, RunPart, RunState, RunTrigger } from '../contract/jobs.ts'
import type { Engine, HeldSource, Session, SourceRequest } from '../engineApi.ts'
import type { Connector } from './connection.ts'
import { type LookAfterDeps, lookAfter } from './lookAfter.ts'
import { openConnection } from './openDestination.ts'
import { messageOf, RunReport, type RunReportDeps, wire } from './runReport.ts'
import { sourceOptionsOf } from './sourceOptions.ts'

export interface JobRunDeps extends LookAfterDeps, RunReportDeps {
  engine: Engine
  clock: Clock
  connector: Connector
  /** Where a source is now: a disk may have another name today. source.notFound when it is not connected. */
  sourcePath(source: JobSource): string
  /** Fails with hook.failed when a hook that runs before something fails; returns warnings of others. */
  hook(moment: HookMoment, job: Job, run: Run): Promise<string[]>
  /** The work is done, well or not, and the repository still open: a last look at it. Does not fail. */
  ended(destination: Destination, session: Session): Promise<void>
}

/** The record of a run that is about to begin. */
export function newRun(
  job: Job,
  destination: Destination,
  trigger: RunTrigger,
  now: number,
  kind: 'backup' | 'copy' = 'backup',
): Run {
  return {
    id: randomHex(8),
    kind,
    job: job.id,
    jobName: job.name,
    destination: destination.id,
    destinationName: destination.name,
    trigger,
    state: 'running',
    startedAt: new Date(now).toISOString(),
    finishedAt: null,
    phase: 'preparing',
    parts: kind === 'copy' ? [] : newParts(job),
    damagedVersions: 0,
    outcome: null,
    error: null,
    warnings: [],
  }
}

/** Of a backup that has not begun. */
export const newParts = (job: Job): RunPart[] => job.sources.map(waitingPart)

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
  readonly #report: RunReport

  constructor(job: Job, destination: Destination, run: Run, deps: JobRunDeps, signal: AbortSignal) {
    this.#job = job
    this.#destination = destination
    this.#run = run
    this.#deps = deps
    this.#signal = signal
    this.#report = new RunReport(run, deps)
  }

  async run(): Promise<void> {
    try {
      await this.#hook('before-backup')
      try {
        await this.#store()
      } catch (error) {
        this.#report.fail(error)
      }
      // Also after a failure: it undoes what the one before has done.
      await this.#hook('after-backup')
    } catch (error) {
      this.#report.fail(error)
    }
    this.#run.state = stateOf(this.#run, this.#signal.aborted)
    if (this.#run.state === 'failed' || this.#run.state === 'incomplete') {
      await this.#hook('on-failure').catch(error => this.#report.warn(messageOf(error)))
    }
    this.#run.phase = null
    this.#run.finishedAt = new Date(this.#deps.clock.now()).toISOString()
    this.#report.log(this.#run.state === 'complete' ? 'info' : 'warn', `The run has ended: ${this.#run.state}.`)
    this.#report.changed()
  }

  async #store(): Promise<void> {
    try {
      this.#report.phase('opening')
      const connection = await this.#deps.connector.connect(this.#destination, this.#signal)
      try {
        const { write } = this.#job.limits
        const limits = write === null ? {} : { writeLimit: write }
        const session = await openConnection(this.#deps.engine, connection, this.#destination, limits)
        try {
          try {
            await this.#backupAll(session)
            const made = this.#run.parts.flatMap(({ source, version, state }) =>
              version === null ? [] : [{ source, version, isWhole: state === 'complete' }],
            )
            const stored = { job: this.#job, destination: this.#destination.id, session, made }
            await lookAfter(stored, this.#report, this.#deps, this.#signal)
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
        for (const warning of await connection.release()) this.#report.warn(warning)
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
      this.#noteSnapshots(held.values())
      for (const part of this.#run.parts) {
        const own = held.get(part)
        if (own === undefined || this.#signal.aborted) {
          this.#failPart(part, cancelled('The backup'))
          continue
        }
        held.delete(part)
        await this.#backup(session, part, own)
        this.#noteSnapshots(held.values())
      }
    } finally {
      this.#noteSnapshots([])
      for (const one of held.values()) {
        if (one instanceof Error) continue
        for (const warning of await session.release(one)) this.#report.warn(warning)
      }
    }
  }

  /** So that whoever pauses the run knows what stays meanwhile. */
  #noteSnapshots(held: Iterable<HeldSource | Error>): void {
    const holds = [...held].some(one => !(one instanceof Error) && one.kind === 'snapshot')
    if (holds) this.#run.holdsSnapshot = true
    else delete this.#run.holdsSnapshot
  }

  /** Fills in what becomes of each part; nothing for those that a cancellation came before. */
  async #hold(session: Session, into: Map<RunPart, HeldSource | Error>): Promise<void> {
    this.#report.phase('preparing')
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
    this.#report.changed()
    try {
      if (held instanceof Error) throw held
      const { path } = held
      this.#report.log('info', `Backing up ${path} as ${source.name}.`)
      const { read } = this.#job.limits
      const result = await session.backup(path, {
        name: source.name,
        labels: this.#job.labels,
        signal: this.#signal,
        priority: this.#job.priority,
        onProgress: progress => {
          this.#report.phase(progress.phase)
          this.#report.progress({ source: part.source, ...progress })
        },
        held,
        ...sourceOptionsOf(this.#job, source),
        ...(read === null ? {} : { sourceLimit: read }),
      })
      const { version, readBytes, newBytes, storedBytes, durationMs, warnings } = result
      const state = result.status === 'complete' ? 'complete' : 'incomplete'
      Object.assign(part, { version, readBytes, newBytes, storedBytes, durationMs, warnings, state })
      this.#report.log('info', `Version ${version} of ${source.name} is ${state}.`)
      const { usedBlocks } = result
      if (usedBlocks?.whyAll)
        this.#report.log('info', `Free blocks of ${source.name} were read as well: ${usedBlocks.whyAll}.`)
    } catch (error) {
      this.#failPart(part, error)
      this.#report.fail(error)
    }
    this.#report.changed()
  }

  async #hook(moment: (typeof runHookMoments)[number]): Promise<void> {
    if (this.#job.hooks[moment] === undefined) return
    this.#report.phase('hook')
    for (const warning of await this.#deps.hook(moment, this.#job, this.#run)) this.#report.warn(warning)
  }

  #failPart(part: RunPart, error: unknown): void {
    part.state = isHoldfastError(error, 'run.cancelled') ? 'cancelled' : 'failed'
    part.error = wire(error)
  }
}

/** Moments of a run at which its hooks are called, in their order. */
export const runHookMoments = [
  'before-backup',
  'before-snapshot',
  'after-snapshot',
  'after-backup',
  'on-failure',
] as const satisfies HookMoment[]

/** What a run has come to, by its parts. */
export function stateOf(run: Pick<Run, 'parts' | 'error'>, isCancelled: boolean): RunState {
  const states = run.parts.map(part => part.state)
  if (isCancelled && states.some(state => state !== 'complete')) return 'cancelled'
  if (states.every(state => state === 'complete')) return run.error ? 'incomplete' : 'complete'
  return states.some(state => state === 'complete' || state === 'incomplete') ? 'incomplete' : 'failed'
}
