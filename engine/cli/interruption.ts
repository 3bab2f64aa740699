import { cancelled } from '../contract/errors.ts'

/**
 * What Ctrl-C and its kind do. Work that can stop in order takes the signal and is told to stop; what has not taken it is
 * abandoned, which a repository always survives; and who asks a second time does not want to wait.
 */
export class Interruption {
  readonly #controller = new AbortController()
  readonly #abandon = Promise.withResolvers<never>()
  #state: 'quiet' | 'taken' | 'stopping' | 'abandoned' = 'quiet'

  constructor() {
    // Nobody may be listening yet, or any more.
    this.#abandon.promise.catch(() => undefined)
  }

  /** For calls that stop in order when the signal fires. */
  takeSignal(): AbortSignal {
    if (this.#state === 'quiet') this.#state = 'taken'
    return this.#controller.signal
  }

  /** Rejects with run.cancelled when what runs is to be abandoned. */
  get abandonment(): Promise<never> {
    return this.#abandon.promise
  }

  get isAbandoned(): boolean {
    return this.#state === 'abandoned'
  }

  /** To be called for every signal that asks for the end. With 'exit' the process is to end here and now. */
  interrupt(): 'wait' | 'exit' {
    if (this.#state === 'stopping' || this.#state === 'abandoned') return 'exit'
    if (this.#state === 'taken') {
      this.#state = 'stopping'
      this.#controller.abort()
    } else {
      this.#state = 'abandoned'
      this.#abandon.reject(cancelled('The command'))
    }
    return 'wait'
  }
}
