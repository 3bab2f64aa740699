import { cancelled } from '../contract/errors.ts'
import type { Clock } from './clock.ts'

/**
 * Lets work through, or holds it: what is under way ends, and nothing new begins until it goes on. One for each run; whoever wraps
 * what the run reads and writes asks it first (storage/pausing.ts and its like).
 */
export class PauseGate {
  readonly #clock: Clock
  #paused: { at: number; over: PromiseWithResolvers<void> } | undefined
  #pausedMs = 0
  #isEnded = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isPaused(): boolean {
    return this.#paused !== undefined
  }

  /** False when it changes nothing: it is paused already, or has ended. */
  pause(): boolean {
    if (this.#paused || this.#isEnded) return false
    this.#paused = { at: this.#clock.monotonic(), over: Promise.withResolvers() }
    return true
  }

  /** False when it was not paused. */
  resume(): boolean {
    if (!this.#paused) return false
    this.#pausedMs += this.#clock.monotonic() - this.#paused.at
    this.#paused.over.resolve()
    this.#paused = undefined
    return true
  }

  /** Lets everything through from now on: what was sealed is worth storing when a run is cancelled, and its locks must go. */
  end(): void {
    this.#isEnded = true
    this.resume()
  }

  /** Resolves when it lets through; undefined when it does so at once. Cancelled by the signal (`run.cancelled`). */
  pass(signal?: AbortSignal): Promise<void> | undefined {
    return this.#paused && this.#wait(signal)
  }

  /** The clock of the work: monotonic time stands still while it is paused, so that no speed and no duration counts it. */
  get workingTime(): Clock {
    return {
      now: () => this.#clock.now(),
      monotonic: () => (this.#paused?.at ?? this.#clock.monotonic()) - this.#pausedMs,
      sleep: (ms, signal) => this.#clock.sleep(ms, signal),
    }
  }

  async #wait(signal: AbortSignal | undefined): Promise<void> {
    const stopped = Promise.withResolvers<never>()
    const stop = () => stopped.reject(cancelled())
    if (signal?.aborted) throw cancelled()
    signal?.addEventListener('abort', stop, { once: true })
    try {
      // It may have been paused anew before those who waited had their turn.
      while (this.#paused)
        await (signal ? Promise.race([this.#paused.over.promise, stopped.promise]) : this.#paused.over.promise)
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  }
}
