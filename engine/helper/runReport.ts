import { HoldfastError, isHoldfastError, type WireError } from '../contract/errors.ts'
import type { Run, RunProgress } from '../contract/jobs.ts'

export interface RunReportDeps {
  /** The run has changed; kept and shown. */
  changed(run: Run): void
  progress(progress: RunProgress): void
  log(run: string, level: 'info' | 'warn' | 'error', text: string): void
}

/** What a run of a job tells while it goes on: its record, and its log. */
export class RunReport {
  readonly run: Run
  readonly #deps: RunReportDeps

  constructor(run: Run, deps: RunReportDeps) {
    this.run = run
    this.#deps = deps
  }

  /** The first failure is the run's. A cancellation is none. */
  fail(error: unknown): void {
    if (isHoldfastError(error, 'run.cancelled')) return
    this.run.error ??= wire(error)
    this.log('error', messageOf(error))
  }

  warn(text: string): void {
    this.run.warnings.push(text)
    this.log('warn', text)
  }

  phase(phase: Run['phase']): void {
    if (this.run.phase === phase) return
    this.run.phase = phase
    this.changed()
  }

  progress(progress: Omit<RunProgress, 'run'>): void {
    this.#deps.progress({ run: this.run.id, ...progress })
  }

  log(level: 'info' | 'warn' | 'error', text: string): void {
    this.#deps.log(this.run.id, level, text)
  }

  changed(): void {
    this.#deps.changed(this.run)
  }
}

/** As it goes into records and over borders. */
export function wire(error: unknown): WireError {
  if (error instanceof HoldfastError) return error.toWire()
  return { code: 'internal.bug', message: messageOf(error), retryable: false }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
