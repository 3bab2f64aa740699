import { HoldfastError } from '../contract/errors.ts'
import type { Contract } from '../contract/rpcContract.ts'
import type { Channel } from './channel.ts'
import { Connection, cutLater } from './connection.ts'
import { encodeFrame } from './frames.ts'
import { defaultLimits } from './limits.ts'
import type { FromServer } from './messages.ts'
import type { Peer } from './peer.ts'
import { type AnyHandler, type AnySource, type ServerCore, Tally } from './serverCore.ts'
import type { Handlers, RpcServerOptions, TopicSources } from './serverTypes.ts'
import { errorToWire } from './wireErrors.ts'

export interface AcceptOptions {
  peer: Peer
  /** Decides by the token of the client's first message, where the transport does not know its peer. */
  checkToken?: (token: string | undefined) => boolean
}

/** What a server holds at the moment. */
export interface RpcServerStats {
  connections: number
  /** Calls whose answers have not gone out, and handlers at work for connections that are gone. */
  calls: number
  handlers: number
  subscriptions: number
  /** Waiting to be sent. */
  queuedBytes: number
  /** Received and not complete or not looked at. */
  receivedBytes: number
}

/** Serves a contract over any number of channels. */
export interface RpcServer {
  /** Takes a new connection; never fails, but may refuse it and say so to the client. `ended` when it is over. */
  accept(channel: Channel, options: AcceptOptions, ended?: () => void): void
  stats(): RpcServerStats
  /** Ends all connections and cancels all calls, and resolves when their handlers have ended. Accepts no more. */
  close(): Promise<void>
}

/** Makes a server. Its limits are the defaults where `options.limits` does not say otherwise. */
export function createRpcServer<C extends Contract>(
  contract: C,
  serves: { calls: Handlers<C>; topics: TopicSources<C> },
  options: RpcServerOptions,
): RpcServer {
  return new Server(contract, serves, options)
}

class Server implements RpcServer {
  readonly #core: ServerCore
  readonly #connections = new Set<Connection>()
  #queuedBytes = 0
  #stopping = false
  #idle: (() => void) | undefined

  constructor(contract: Contract, serves: { calls: object; topics: object }, options: RpcServerOptions) {
    const limits = { ...defaultLimits, ...options.limits }
    const calls = serves.calls as Record<string, AnyHandler>
    const topics = serves.topics as Record<string, AnySource>
    this.#core = {
      contract,
      program: options.program,
      clock: options.clock,
      log: options.log,
      debug: options.debug ?? false,
      authorise: options.authorise,
      limits,
      tally: new Tally(limits, () => this.#settle()),
      handler: name => calls[name]!,
      source: name => topics[name]!,
      queued: difference => this.#queued(difference),
    }
  }

  accept(channel: Channel, options: AcceptOptions, ended: () => void = () => {}): void {
    let leave: () => void
    try {
      if (this.#stopping) throw stopping()
      leave = this.#core.tally.connect(options.peer)
    } catch (error) {
      this.#turnAway(channel, error, ended)
      return
    }
    const connection: Connection = new Connection(this.#core, channel, {
      peer: options.peer,
      checkToken: options.checkToken,
      ended: () => {
        this.#connections.delete(connection)
        leave()
        ended()
      },
    })
    this.#connections.add(connection)
  }

  stats(): RpcServerStats {
    const all = [...this.#connections]
    const sum = (count: (connection: Connection) => number) => all.reduce((total, one) => total + count(one), 0)
    return {
      connections: all.length,
      calls: sum(connection => connection.callCount),
      handlers: this.#core.tally.calls,
      subscriptions: sum(connection => connection.subscriptionCount),
      queuedBytes: this.#queuedBytes,
      receivedBytes: sum(connection => connection.receivedBytes),
    }
  }

  async close(): Promise<void> {
    this.#stopping = true
    for (const connection of this.#connections) connection.refuse(stopping())
    this.#core.tally.cancelCalls()
    await new Promise<void>(resolve => {
      this.#idle = resolve
      this.#settle()
    })
  }

  /** Lets `close` go on once nothing is left. */
  #settle(): void {
    if (this.#core.tally.connections === 0 && this.#core.tally.calls === 0) this.#idle?.()
  }

  #queued(difference: number): void {
    this.#queuedBytes += difference
    if (difference <= 0 || this.#queuedBytes <= this.#core.limits.totalQueueBytes) return
    const [first, ...others] = this.#connections
    if (first === undefined) return
    const largest = others.reduce((most, one) => (one.queuedBytes > most.queuedBytes ? one : most), first)
    const why = 'Too much waits to be sent, most of it for this client.'
    largest.refuse(new HoldfastError('helper.busy', why, { retryable: true }))
  }

  /** Tells somebody for whom there is no room. Nothing that they send is kept. */
  #turnAway(channel: Channel, reason: unknown, ended: () => void): void {
    const message: FromServer = { type: 'refused', error: errorToWire(reason, this.#core.debug) }
    const gone = new AbortController()
    const closed = () => {
      gone.abort()
      ended()
    }
    channel.start({ data: () => {}, closed })
    channel.send(encodeFrame(message, 'A message'))
    channel.end()
    void cutLater(channel, this.#core, gone.signal)
  }
}

function stopping(): HoldfastError {
  return new HoldfastError('helper.unreachable', 'The background service is stopping.', {
    advice: 'Try again in a moment.',
    retryable: true,
  })
}
