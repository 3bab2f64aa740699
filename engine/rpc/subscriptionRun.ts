import { cancelled, HoldfastError, throwIfAborted } from '../contract/errors.ts'
import type { TopicDefinition } from '../contract/rpcContract.ts'
import { encodeFrame } from './frames.ts'
import type { Outbox, OutboxEntry } from './outbox.ts'
import type { Peer } from './peer.ts'
import { schemaText } from './receivedErrors.ts'
import type { ServerCore } from './serverCore.ts'
import { errorToWire } from './wireErrors.ts'

/**
 * One topic watched by one client. The state is read when it is its turn to be sent, and every change after that follows.
 * A client that does not keep up is put back to where it began: what waits for it is thrown away and a new state takes its
 * place in the queue. So nothing is lost or told twice, and what waits stays small.
 */
export class SubscriptionRun {
  readonly #core: ServerCore
  readonly #outbox: Outbox
  readonly #peer: Peer
  readonly #id: number
  readonly #name: string
  readonly #definition: TopicDefinition
  readonly #ended: () => void
  readonly #abort = new AbortController()
  readonly #changes = new Set<OutboxEntry>()
  #changeBytes = 0
  #stateEntry: OutboxEntry | undefined
  #closeSource: (() => void) | undefined
  /** Names the time since the last state; undefined when changes are not wanted. */
  #round: object | undefined

  /** `ended` is called when the topic fails, not after `end`. */
  constructor(
    core: ServerCore,
    outbox: Outbox,
    peer: Peer,
    id: number,
    name: string,
    definition: TopicDefinition,
    ended: () => void,
  ) {
    this.#core = core
    this.#outbox = outbox
    this.#peer = peer
    this.#id = id
    this.#name = name
    this.#definition = definition
    this.#ended = ended
  }

  /** Never rejects. */
  async start(): Promise<void> {
    const { signal } = this.#abort
    try {
      await this.#core.authorise(this.#peer, this.#definition.access, this.#name, undefined, signal)
      throwIfAborted(signal)
      this.#startAnew()
    } catch (error) {
      this.#fail(error)
    }
  }

  end(): void {
    if (this.#abort.signal.aborted) return
    this.#abort.abort(cancelled())
    this.#detach()
    if (this.#stateEntry) this.#outbox.remove(this.#stateEntry)
  }

  #startAnew(): void {
    this.#detach()
    this.#stateEntry = this.#outbox.push(() => this.#stateFrame())
  }

  #detach(): void {
    this.#round = undefined
    this.#closeSource?.()
    this.#closeSource = undefined
    for (const entry of [...this.#changes]) this.#outbox.remove(entry)
  }

  #stateFrame(): Uint8Array | undefined {
    try {
      const round = {}
      this.#round = round
      const opened = this.#core.source(this.#name)(change => {
        // A source that goes on after its end must not disturb the next round.
        if (this.#round === round) this.#change(change)
      }, this.#peer)
      this.#closeSource = () => opened.close()
      const state = this.#checked(this.#definition.state.safeParse(opened.state))
      return encodeFrame({ type: 'state', id: this.#id, state }, `The state of ${this.#name}`)
    } catch (error) {
      // Later, because this runs while the queue is being worked off.
      queueMicrotask(() => this.#fail(error))
      return undefined
    }
  }

  #change(given: unknown): void {
    let frame: Uint8Array
    try {
      const change = this.#checked(this.#definition.change.safeParse(given))
      frame = encodeFrame({ type: 'change', id: this.#id, change }, 'A change', Number.POSITIVE_INFINITY)
    } catch (error) {
      this.#fail(error)
      return
    }
    if (this.#changeBytes + frame.length > this.#core.limits.pendingChangeBytes) {
      this.#startAnew()
      return
    }
    this.#changeBytes += frame.length
    const entry = this.#outbox.push(frame, () => {
      this.#changeBytes -= frame.length
      this.#changes.delete(entry)
    })
    this.#changes.add(entry)
  }

  #checked(parsed: ReturnType<TopicDefinition['state']['safeParse']>): unknown {
    if (parsed.success) return parsed.data
    this.#core.log.error('a topic is not as its contract says', { topic: this.#name, faults: schemaText(parsed.error) })
    throw new HoldfastError('internal.bug', `The topic ${this.#name} is not as it should be.`, {
      advice: 'Report it as a fault.',
    })
  }

  #fail(error: unknown): void {
    if (this.#abort.signal.aborted) return
    this.end()
    if (!(error instanceof HoldfastError)) {
      this.#core.log.error('a topic failed unexpectedly', { topic: this.#name, error })
    }
    const fault = errorToWire(error, this.#core.debug)
    this.#outbox.push(encodeFrame({ type: 'error', id: this.#id, error: fault }, 'An error'))
    this.#ended()
  }
}
