import type { Logger } from '../base/logger.ts'
import { cancelled, HoldfastError, throwIfAborted } from '../contract/errors.ts'
import type { Progress } from '../contract/progress.ts'
import type { CallDefinition } from '../contract/rpcContract.ts'
import { encodeFrame } from './frames.ts'
import type { FromServer } from './messages.ts'
import { parseProgress } from './messages.ts'
import type { Outbox } from './outbox.ts'
import type { Peer } from './peer.ts'
import { schemaText } from './receivedErrors.ts'
import type { ServerCore } from './serverCore.ts'
import { errorToWire } from './wireErrors.ts'

/** One call of one client, from its message to its answer. */
export class CallRun {
  readonly #core: ServerCore
  readonly #outbox: Outbox
  readonly #peer: Peer
  readonly #log: Logger
  readonly #id: number
  readonly #name: string
  readonly #definition: CallDefinition
  readonly #abort = new AbortController()
  /** Fires when no progress is to be sent any more. */
  readonly #over = new AbortController()
  #handlerRuns = false
  #latest: Progress | undefined
  #progressQueued = false
  #progressTimer = false
  #progressAt = Number.NEGATIVE_INFINITY

  constructor(core: ServerCore, outbox: Outbox, peer: Peer, id: number, name: string, definition: CallDefinition) {
    this.#core = core
    this.#outbox = outbox
    this.#peer = peer
    this.#id = id
    this.#name = name
    this.#definition = definition
    this.#log = core.log.with({ call: name, peer })
  }

  cancel(): void {
    this.#abort.abort(cancelled(`The call ${this.#name}`))
  }

  /** The client has gone: nothing can be sent to it. A call that survives goes on once its handler has begun. */
  disconnect(): void {
    this.#over.abort()
    if (!(this.#definition.survives && this.#handlerRuns)) this.cancel()
  }

  /** Never rejects. `answered` is called when the answer has gone out. */
  async run(input: unknown, answered: () => void): Promise<void> {
    let answer: Uint8Array
    try {
      answer = this.#frame({ type: 'result', id: this.#id, output: await this.#output(input) })
    } catch (error) {
      answer = this.#frame({ type: 'error', id: this.#id, error: this.#fault(error) })
    }
    this.#over.abort()
    if (this.#latest !== undefined && !this.#progressQueued) this.#queueProgress()
    this.#outbox.push(answer, answered)
  }

  async #output(input: unknown): Promise<unknown> {
    const { access, input: inputSchema, output: outputSchema } = this.#definition
    const parsed = inputSchema.safeParse(input)
    if (!parsed.success) {
      throw new HoldfastError('usage.invalid', `The input of ${this.#name} is wrong: ${schemaText(parsed.error)}.`)
    }
    const signal = this.#abort.signal
    const authorise = this.#core.authorise
    await authorise(this.#peer, access, this.#name, parsed.data, signal)
    throwIfAborted(signal, `The call ${this.#name}`)
    this.#handlerRuns = true
    const given = await this.#core.handler(this.#name)(parsed.data, {
      peer: this.#peer,
      signal,
      log: this.#log,
      authorise: level => authorise(this.#peer, level, this.#name, parsed.data, signal),
      progress: value => this.#progress(value),
    })
    const output = outputSchema.safeParse(given)
    if (output.success) return output.data
    this.#log.error('the handler gave something that its contract does not allow', { faults: schemaText(output.error) })
    throw new HoldfastError('internal.bug', `The answer to ${this.#name} is not as it should be.`, {
      advice: 'Report it as a fault.',
    })
  }

  #fault(error: unknown) {
    if (error instanceof HoldfastError) return errorToWire(error)
    // Node's own calls end with an AbortError of theirs.
    if (this.#abort.signal.aborted) return errorToWire(cancelled(`The call ${this.#name}`))
    this.#log.error('a call failed unexpectedly', { error, stack: error instanceof Error ? error.stack : undefined })
    return errorToWire(error, this.#core.debug)
  }

  #frame(message: FromServer): Uint8Array {
    return encodeFrame(message, `The answer to ${this.#name}`)
  }

  #progress(value: unknown): void {
    if (this.#over.signal.aborted || this.#definition.progress !== true) return
    const progress = parseProgress(value)
    if (progress === undefined) {
      this.#log.error('the handler reported something that is no progress')
      return
    }
    this.#latest = progress
    if (this.#progressQueued || this.#progressTimer) return
    const wait = this.#progressAt + this.#core.limits.progressMs - this.#core.clock.monotonic()
    if (wait <= 0) this.#queueProgress()
    else void this.#queueLater(wait)
  }

  async #queueLater(ms: number): Promise<void> {
    this.#progressTimer = true
    try {
      await this.#core.clock.sleep(ms, this.#over.signal)
      if (!this.#progressQueued) this.#queueProgress()
    } catch {
      // The call is over, and has sent the last progress itself.
    } finally {
      this.#progressTimer = false
    }
  }

  /** The newest progress at the time of sending, however long it has to wait for its turn. */
  #queueProgress(): void {
    this.#progressQueued = true
    this.#outbox.push(() => {
      this.#progressQueued = false
      this.#progressAt = this.#core.clock.monotonic()
      const progress = this.#latest
      this.#latest = undefined
      return progress && this.#frame({ type: 'progress', id: this.#id, progress })
    })
  }
}
