import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import { randomHex } from '../base/random.ts'
import { HoldfastError, isHoldfastError } from '../contract/errors.ts'
import type { Destination, Run, RunKind, RunOutcome, RunProgress } from '../contract/jobs.ts'
import type { OnProgress } from '../contract/progress.ts'
import type { Engine, Session } from '../engineApi.ts'
import type { RunStore } from '../jobs/runStore.ts'
import type { Connector } from './connection.ts'
import { heldConnector } from './heldConnector.ts'
import { isSilenceOf, openConnection } from './openDestination.ts'
import { RunControl } from './runControl.ts'

export interface TaskRunsDeps {
  engine: Engine
  clock: Clock
  connector: Connector
  runs: RunStore
  logger: Logger
  /** The work is done, well or not, and the repository still open: a last look at it. Does not fail. */
  ended(destination: Destination, session: Session): Promise<void>
  /** A run has changed; shown to whoever watches. */
  changed(run: Run): void
  progress(progress: RunProgress): void
}

/** What the work of a run is given. */
export interface TaskContext {
  session: Session
  /** For other destinations that the run needs. */
  connector: Connector
  run: Run
  signal: AbortSignal
  onProgress: OnProgress
  log(level: 'info' | 'warn' | 'error', text: string): void
}

export interface Task {
  kind: Exclude<RunKind, 'backup'>
  destination: Destination
  /** What is restored or checked, for people. */
  title: string
  /** What is known of the outcome before it begins. */
  outcome: RunOutcome
  /** Told right before it begins; what it throws is thrown by `start`, and there is no run then. */
  begun?(): void
  /** Gives the outcome, which is kept also when something was wrong with what it worked on. Its failure is the run's. */
  work(context: TaskContext): Promise<{ outcome: RunOutcome; error?: HoldfastError; warnings?: string[] }>
  /** Told when it failed or was cancelled, also when that was before the work began. Must not throw. */
  failed?(error: unknown): Promise<void>
}

/**
 * Runs that a person asks for and that belong to no job: restores, scrubs, prunes, files that are copied out. They go on when the window that asked is
 * closed. Records are durable before the work begins; one that a killed helper left is told as interrupted by the supervisor.
 */
export class TaskRuns {
  readonly #deps: TaskRunsDeps
  readonly #running = new Map<string, { control: RunControl; done: Promise<void> }>()

  constructor(deps: TaskRunsDeps) {
    this.#deps = deps
  }

  /** Begins at once, and returns the record. helper.busy when the same kind is under way for the destination. */
  start(task: Task): Run {
    const rival = this.running().find(run => run.kind === task.kind && run.destination === task.destination.id)
    if (rival) {
      throw new HoldfastError('helper.busy', `“${rival.jobName}” is under way in “${rival.destinationName}”.`, {
        advice: 'Wait for it, or stop it.',
        details: { run: rival.id },
        retryable: true,
      })
    }
    const run: Run = {
      id: randomHex(8),
      kind: task.kind,
      job: null,
      jobName: task.title,
      destination: task.destination.id,
      destinationName: task.destination.name,
      trigger: 'manual',
      state: 'running',
      startedAt: new Date(this.#deps.clock.now()).toISOString(),
      finishedAt: null,
      phase: 'opening',
      parts: [],
      damagedVersions: 0,
      outcome: task.outcome,
      error: null,
      warnings: [],
    }
    task.begun?.()
    this.#deps.runs.put(run)
    const control = new RunControl(run, this.#deps.clock)
    const done = this.#run(task, control).finally(() => this.#running.delete(run.id))
    this.#running.set(run.id, { control, done })
    this.#deps.changed(run)
    return run
  }

  running(): Run[] {
    return [...this.#running.values()].map(({ control }) => control.run)
  }

  /** False when no such run is under way. */
  cancel(id: string): boolean {
    const control = this.controlOf(id)
    control?.cancel()
    return control !== undefined
  }

  /** Of a run under way. */
  controlOf(id: string): RunControl | undefined {
    return this.#running.get(id)?.control
  }

  /** Cancels all, and returns when they have ended. */
  async stop(): Promise<void> {
    const all = [...this.#running.values()]
    for (const { control } of all) control.cancel()
    await Promise.all(all.map(({ done }) => done))
  }

  async #run(task: Task, control: RunControl): Promise<void> {
    const { run, signal } = control
    try {
      const { outcome, error, warnings = [] } = await this.#work(task, control)
      run.outcome = outcome
      run.warnings.push(...warnings)
      run.state = error ? 'incomplete' : 'complete'
      if (error) this.#fail(run, error)
    } catch (error) {
      run.state = isHoldfastError(error, 'run.cancelled') || signal.aborted ? 'cancelled' : 'failed'
      if (run.state === 'failed') this.#fail(run, error)
      await task.failed?.(error)
    }
    control.end()
    run.phase = null
    run.finishedAt = new Date(this.#deps.clock.now()).toISOString()
    this.#log(run, run.state === 'complete' ? 'info' : 'warn', `The run has ended: ${run.state}.`)
    this.#changed(run)
    this.#deps.runs.trim(null)
  }

  async #work(task: Task, control: RunControl): ReturnType<Task['work']> {
    const { run, signal } = control
    const { engine } = this.#deps
    const connector = heldConnector(this.#deps.connector, control)
    const connection = await connector.connect(task.destination, signal, { stays: true })
    try {
      const session = await openConnection(engine, connection, task.destination)
      try {
        return await task.work({
          session,
          connector,
          run,
          signal,
          onProgress: progress => {
            if (run.phase !== progress.phase) {
              run.phase = progress.phase
              this.#changed(run)
            }
            this.#deps.progress({ run: run.id, source: null, ...progress })
          },
          log: (level, text) => this.#log(run, level, text),
        })
      } finally {
        // What is only read from changes nothing in a repository.
        if (task.kind !== 'restore' && task.kind !== 'extract') await this.#deps.ended(task.destination, session)
        await session.close()
      }
    } catch (error) {
      if (isSilenceOf(connection, error)) connection.tried?.(error)
      throw error
    } finally {
      run.warnings.push(...(await connection.release()))
    }
  }

  #fail(run: Run, error: unknown): void {
    run.error =
      error instanceof HoldfastError
        ? error.toWire()
        : { code: 'internal.bug', message: error instanceof Error ? error.message : String(error), retryable: false }
    this.#log(run, 'error', run.error.message)
  }

  #log(run: Run, level: 'info' | 'warn' | 'error', text: string): void {
    this.#deps.runs.log(run.id, [{ at: this.#deps.clock.now(), level, text }])
  }

  #changed(run: Run): void {
    this.#deps.runs.put(run)
    this.#deps.changed(run)
  }
}
