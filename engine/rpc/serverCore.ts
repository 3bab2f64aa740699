import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import { HoldfastError } from '../contract/errors.ts'
import type { Contract } from '../contract/rpcContract.ts'
import type { RpcLimits } from './limits.ts'
import type { Peer } from './peer.ts'
import type { Authorise, ProgressContext, TopicSource } from './serverTypes.ts'

/** Handlers and sources as the machinery sees them, which checks their data by the contract and not by types. */
export type AnyHandler = (input: unknown, context: ProgressContext) => unknown
export type AnySource = TopicSource<unknown, unknown>

/** What all connections of one server share. */
export interface ServerCore {
  readonly contract: Contract
  readonly program: string
  readonly clock: Clock
  readonly log: Logger
  readonly limits: RpcLimits
  readonly debug: boolean
  readonly authorise: Authorise
  readonly tally: Tally
  handler(name: string): AnyHandler
  source(name: string): AnySource
  /** The bytes that wait for one connection changed. */
  queued(difference: number): void
}

/** Connections of one key share their limits: all processes of a user, or all of a transport that knows no users. */
function limitKeyOf(peer: Peer): string {
  return peer.process === undefined ? peer.transport : `uid ${peer.process.uid}`
}

/** Counts for each peer what is limited for each peer. */
export class Tally {
  readonly #limits: RpcLimits
  readonly #freed: () => void
  readonly #connections = new Map<string, number>()
  readonly #calls = new Map<string, number>()
  readonly #cancels = new Set<() => void>()

  /** `freed` is called whenever a connection or call has ended. */
  constructor(limits: RpcLimits, freed: () => void) {
    this.#limits = limits
    this.#freed = freed
  }

  get connections(): number {
    return sum(this.#connections)
  }

  /** Handlers at work, also for connections that are gone. */
  get calls(): number {
    return sum(this.#calls)
  }

  /** Counts a connection and gives the way to uncount it. `helper.busy` when there are too many. */
  connect(peer: Peer): () => void {
    if (this.connections >= this.#limits.connections) throw busy('The background service has too many connections.')
    return this.#take(this.#connections, limitKeyOf(peer), this.#limits.connectionsPerPeer, 'connections')
  }

  /** Counts a call and gives the way to uncount it. `helper.busy` when there are too many. */
  call(peer: Peer, cancel: () => void): () => void {
    const done = this.#take(this.#calls, limitKeyOf(peer), this.#limits.callsPerPeer, 'calls')
    this.#cancels.add(cancel)
    return () => {
      this.#cancels.delete(cancel)
      done()
    }
  }

  /** Cancels every call, also those of connections that are gone. */
  cancelCalls(): void {
    for (const cancel of [...this.#cancels]) cancel()
  }

  #take(counts: Map<string, number>, key: string, most: number, what: string): () => void {
    const count = counts.get(key) ?? 0
    if (count >= most) throw busy(`${count} ${what} of this user are open; more are not allowed at the same time.`)
    counts.set(key, count + 1)
    return () => {
      const left = (counts.get(key) ?? 1) - 1
      if (left === 0) counts.delete(key)
      else counts.set(key, left)
      this.#freed()
    }
  }
}

/** The error for too much at once. */
export function busy(message: string): HoldfastError {
  return new HoldfastError('helper.busy', message, {
    advice: 'Wait until some of what runs has ended, and try again.',
    retryable: true,
  })
}

const sum = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((all, count) => all + count, 0)
