/** A request may take this long however little it carries, and as much longer as its bytes take at the lowest rate. */
const baseMs = 2 * 60_000
/** Bytes per second below which a connection is given up, since it would keep a backup for days. */
const lowestRate = 8 * 1024

/**
 * One request's way to be stopped: by the caller's signal, and by its own time. A connection on which nothing happens at all
 * is noticed earlier, by the client.
 */
export class Deadline {
  readonly #controller = new AbortController()
  readonly #outer: AbortSignal | undefined
  readonly #mayStop: () => boolean
  readonly #stop = () => this.#mayStop() && this.#controller.abort()
  #timer: NodeJS.Timeout | undefined

  /** `mayStop` tells whether the caller's signal still counts. */
  constructor(bytes: number, outer: AbortSignal | undefined, mayStop: () => boolean = () => true) {
    this.#outer = outer
    this.#mayStop = mayStop
    outer?.addEventListener('abort', this.#stop, { once: true })
    this.allow(bytes)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Begins anew, with time for so many bytes. */
  allow(bytes: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#controller.abort(), baseMs + (bytes / lowestRate) * 1000)
    this.#timer.unref()
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#outer?.removeEventListener('abort', this.#stop)
  }
}
