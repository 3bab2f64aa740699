import type { Clock } from '../base/clock.ts'
import { PauseGate } from '../base/pauseGate.ts'
import type { Run } from '../contract/jobs.ts'

/** How a run under way is ended and held. What becomes of it is in its record; whoever changes it keeps and shows that. */
export class RunControl {
  readonly run: Run
  /** Of everything that the run reads and writes. */
  readonly gate: PauseGate
  readonly #clock: Clock
  readonly #abort = new AbortController()

  constructor(run: Run, clock: Clock) {
    this.run = run
    this.#clock = clock
    this.gate = new PauseGate(clock)
  }

  /** Fires when the run is cancelled. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** False when it was paused already, or is about to end. */
  pause(): boolean {
    if (!this.gate.pause()) return false
    this.run.pausedSince = new Date(this.#clock.now()).toISOString()
    return true
  }

  /** False when it was not paused. */
  resume(): boolean {
    delete this.run.pausedSince
    return this.gate.resume()
  }

  /** Ends it where it can be gone on from, paused or not. */
  cancel(): void {
    this.#abort.abort()
    this.end()
  }

  /** It has ended, or is about to: nothing of it can be held any more. */
  end(): void {
    delete this.run.pausedSince
    this.gate.end()
  }
}
