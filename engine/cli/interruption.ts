/**
 * What Ctrl-C and its kind do. Work that can stop in order takes the signal and is told to stop once; a second time, and as
 * long as nothing has taken the signal, the process ends at once, which a repository always survives.
 */
export class Interruption {
  readonly #controller = new AbortController()
  #taken = false

  /** For a call that stops in order when the signal fires. */
  takeSignal(): AbortSignal {
    this.#taken = true
    return this.#controller.signal
  }

  /** Called for every SIGINT, SIGTERM and SIGHUP; says whether to wait for the work or to end the process now. */
  interrupt(): 'wait' | 'exit' {
    if (!this.#taken || this.#controller.signal.aborted) return 'exit'
    this.#controller.abort()
    return 'wait'
  }
}
