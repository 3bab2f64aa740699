import type { Clock } from '../engine/base/clock.ts'
import type { BridgeConnection } from '../engine/contract/appBridge.ts'
import { HoldfastError, type WireError } from '../engine/contract/errors.ts'
import { type HelperContract, helperContract } from '../engine/contract/helperContract.ts'
import type {
  CallInput,
  CallName,
  CallOutput,
  TopicChange,
  TopicName,
  TopicState,
} from '../engine/contract/rpcContract.ts'
import { type Bridge, createBridge } from '../engine/rpc/bridge.ts'
import type { HelperClient, HelperLink } from './helperLink.ts'

export interface HelperConnectionOptions {
  /** Connects to a helper, or starts one. */
  find: () => Promise<HelperLink>
  /** Starts a helper with rights; undefined where that is impossible. */
  raise: (() => Promise<HelperLink>) | undefined
  clock: Clock
}

export interface TopicWatcher<State, Change> {
  /** The whole state: at first, after each loss of the connection, and when changes came too fast. */
  state(state: State): void
  change(change: Change): void
  /** The helper refuses. Nothing comes any more, also not after a reconnection. */
  refused(error: WireError): void
}

type Facts = Omit<Extract<BridgeConnection, { state: 'connected' }>, 'state'>

const longestWaitMs = 30_000

/**
 * The one connection of the app to the helper, which all windows and the tray share: a bridge (engine/rpc) that looks for the helper
 * until it is stopped, and can go over to one with rights.
 */
export class HelperConnection {
  readonly #options: HelperConnectionOptions
  readonly #bridge: Bridge<HelperContract, Facts>
  readonly #started = Promise.withResolvers<void>()
  #current: BridgeConnection = { state: 'connecting', error: null }
  #link: HelperLink | undefined
  /** The next one to use, instead of one that is looked for. */
  #handedOver: HelperLink | undefined
  #raising: Promise<void> | undefined
  #isStopped = false

  constructor(options: HelperConnectionOptions) {
    this.#options = options
    this.#bridge = createBridge({
      contract: helperContract,
      clock: options.clock,
      longestWaitMs,
      connect: () => this.#open(),
      facts: client => this.#factsOf(client),
    })
    this.#bridge.connection(connection => {
      this.#current = connection
    })
  }

  get current(): BridgeConnection {
    return this.#current
  }

  start(): void {
    this.#started.resolve()
  }

  /** Ends the connection. A helper that runs by itself goes on. */
  stop(): void {
    this.#isStopped = true
    this.#bridge.close()
    this.#handedOver?.client.close()
  }

  /** Tells at once how things stand, then every change. */
  listen(listener: (connection: BridgeConnection) => void): () => void {
    return this.#bridge.connection(listener)
  }

  /** Tries to connect at once, when it waits for its next try. */
  reconnect(): void {
    this.#bridge.reconnect()
  }

  /** While there is no connection, what keeps it away, or `helper.unreachable` (retryable); else as the helper answers. */
  async call<Name extends CallName<HelperContract>>(
    name: Name,
    input: CallInput<HelperContract, Name>,
  ): Promise<CallOutput<HelperContract, Name>> {
    if (this.#current.state === 'connecting' && this.#current.error) throw HoldfastError.fromWire(this.#current.error)
    const reply = await this.#bridge.calls[name](input)
    if (reply.ok) return reply.value
    throw HoldfastError.fromWire(reply.error)
  }

  /** Watches a topic over all losses of the connection, until the function that comes back is called. */
  watch<Name extends TopicName<HelperContract>>(
    topic: Name,
    watcher: TopicWatcher<TopicState<HelperContract, Name>, TopicChange<HelperContract, Name>>,
  ): () => void {
    return this.#bridge.topics[topic](watcher)
  }

  /** Goes over to a helper with rights. Asked twice at once, the person is asked once. As raiseHelper fails. */
  unlock(): Promise<void> {
    this.#raising ??= this.#raise().finally(() => {
      this.#raising = undefined
    })
    return this.#raising
  }

  async #raise(): Promise<void> {
    const { raise } = this.#options
    if (this.#current.state === 'connected' && this.#current.mode === 'system') return
    if (!raise) {
      throw new HoldfastError(
        'access.denied',
        'The rights of an administrator cannot be asked for: pkexec is missing.',
        {
          advice:
            'Install polkit (Debian: pkexec), or install Holdfast as a package, which brings a service of its own.',
        },
      )
    }
    const link = await raise()
    if (this.#isStopped) return link.client.close()
    this.#handedOver = link
    const used = this.#nextConnected()
    // One that ends in order is replaced at once.
    this.#link?.client.close()
    this.#bridge.reconnect()
    await used
  }

  /** Resolves at the next connection, or when the next try has failed. */
  #nextConnected(): Promise<void> {
    return new Promise(resolve => {
      let isFirst = true
      const stop = this.listen(connection => {
        const settled = connection.state === 'connected' || connection.error !== null
        if (!isFirst && settled) {
          stop()
          resolve()
        }
        isFirst = false
      })
    })
  }

  async #open(): Promise<HelperClient> {
    await this.#started.promise
    const found = this.#handedOver ? undefined : await this.#options.find()
    // Somebody may have unlocked while it was looked for.
    const link = this.#handedOver ?? found!
    if (link !== found) found?.client.close()
    this.#handedOver = undefined
    this.#link = link
    return link.client
  }

  /** What the helper is; as far as it can be told when this person may not even ask. */
  async #factsOf(client: HelperClient): Promise<Facts> {
    const isOwn = this.#link?.kind === 'own'
    const { mode, program } = await client.call('status.get', {}).catch((error: unknown) => {
      if (!(error instanceof HoldfastError) || error.code !== 'access.denied') throw error
      return { mode: isOwn ? ('user' as const) : ('system' as const), program: client.serverProgram }
    })
    return { mode, program, canUnlock: isOwn && mode === 'user' && this.#options.raise !== undefined }
  }
}
