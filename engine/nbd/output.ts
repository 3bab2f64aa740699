import type { Writable } from 'node:stream'

/** Sends what belongs together in one piece, and what is ready at the same time in one call of the system. */
export class Output {
  readonly #stream: Writable
  #isCorked = false

  constructor(stream: Writable) {
    this.#stream = stream
  }

  /** `done` is called when the system has taken all of it, or the connection is broken. */
  send(head: Uint8Array, body: Uint8Array | undefined, done: () => void): void {
    if (!this.#isCorked) {
      this.#isCorked = true
      this.#stream.cork()
      setImmediate(() => {
        this.#isCorked = false
        this.#stream.uncork()
      })
    }
    if (body === undefined || body.length === 0) {
      this.#stream.write(head, done)
      return
    }
    this.#stream.write(head)
    this.#stream.write(body, done)
  }

  /** Resolves when the system has taken it, or the connection is broken. */
  sent(head: Uint8Array, body?: Uint8Array): Promise<void> {
    return new Promise(resolve => this.send(head, body, resolve))
  }
}
