import type { Reply } from '../contract/appBridge.ts'
import { HoldfastError, type WireError } from '../contract/errors.ts'
import type {
  CallInput,
  CallName,
  CallOutput,
  Contract,
  RpcClient,
  TopicChange,
  TopicName,
  TopicState,
} from '../contract/rpcContract.ts'
import type { Sleeper } from './client.ts'
import { tell } from './tell.ts'

/**
 * The part of the app's bridge (contract/appBridge.ts) that every program around the screens has in common: it keeps a
 * connection, makes a new one when it is lost, and watches again what was watched. Runs in a browser, too.
 */
export interface Bridge<C extends Contract, Facts> {
  /**
   * Calls under way when the connection is lost and calls made while there is none fail with `helper.unreachable`, at once:
   * nothing is sent later, when nobody expects it any more.
   */
  readonly calls: {
    readonly [Name in CallName<C>]: (input: CallInput<C, Name>) => Promise<Reply<CallOutput<C, Name>>>
  }
  readonly topics: {
    readonly [Name in TopicName<C>]: (listener: WatchListener<TopicState<C, Name>, TopicChange<C, Name>>) => () => void
  }
  /** Tells at once how things stand, then every change, until the function that comes back is called. */
  connection(listener: (state: BridgeState<Facts>) => void): () => void
  /** Tries at once instead of waiting. Nothing happens while there is a connection. */
  reconnect(): void
  /** Ends the connection and makes no other. Listeners hear nothing more. */
  close(): void
}

export type BridgeState<Facts> = { state: 'connecting'; error: WireError | null } | ({ state: 'connected' } & Facts)

interface WatchListener<State, Change> {
  state(state: State): void
  change(change: Change): void
  refused(error: WireError): void
}

export interface BridgeOptions<C extends Contract, Facts> {
  contract: C
  /** Makes a new connection, or fails with the reason. What comes too late, after the signal, is closed. */
  connect(signal: AbortSignal): Promise<RpcClient<C>>
  /** What is told about a new connection. When it fails, the connection is given up. */
  facts(client: RpcClient<C>): Promise<Facts>
  clock: Sleeper
  /** Longest wait between two tries, milliseconds. 10 seconds unless given. */
  longestWaitMs?: number
}

const firstWaitMs = 250

/** Begins to connect at once. */
export function createBridge<C extends Contract, Facts extends object>(
  options: BridgeOptions<C, Facts>,
): Bridge<C, Facts> {
  const link = new Link<Facts>(options as unknown as BridgeOptions<Contract, Facts>)
  const { calls, topics } = options.contract
  const each = <Value>(names: object, make: (name: string) => Value) =>
    Object.fromEntries(Object.keys(names).map(name => [name, make(name)]))
  return {
    calls: each(calls, name => (input: unknown) => link.call(name, input)),
    topics: each(topics, name => (listener: AnyListener) => link.watch(name, listener)),
    connection: listener => link.listen(listener),
    reconnect: () => link.hurry(),
    close: () => link.close(),
  } as Bridge<C, Facts>
}

type AnyListener = WatchListener<unknown, unknown>

interface Watcher {
  readonly name: string
  readonly listener: AnyListener
  stop: () => void
}

class Link<Facts extends object> {
  readonly #options: BridgeOptions<Contract, Facts>
  readonly #listeners = new Set<{ tell: (state: BridgeState<Facts>) => void }>()
  readonly #watchers = new Set<Watcher>()
  readonly #over = new AbortController()
  #hurry = new AbortController()
  #client: RpcClient<Contract> | undefined
  #state: BridgeState<Facts> = { state: 'connecting', error: null }

  constructor(options: BridgeOptions<Contract, Facts>) {
    this.#options = options
    void this.#keepConnected()
  }

  async call(name: string, input: unknown): Promise<Reply<unknown>> {
    try {
      if (this.#client === undefined) throw this.#notConnected()
      return { ok: true, value: await this.#client.call(name, input) }
    } catch (error) {
      return { ok: false, error: asWire(error) }
    }
  }

  watch(name: string, listener: AnyListener): () => void {
    const watcher: Watcher = { name, listener, stop: () => {} }
    this.#watchers.add(watcher)
    if (this.#client !== undefined) this.#subscribe(watcher, this.#client)
    return () => {
      this.#watchers.delete(watcher)
      watcher.stop()
    }
  }

  listen(listener: (state: BridgeState<Facts>) => void): () => void {
    const entry = { tell: listener }
    this.#listeners.add(entry)
    tell(() => listener(this.#state))
    return () => void this.#listeners.delete(entry)
  }

  hurry(): void {
    this.#hurry.abort()
  }

  close(): void {
    this.#over.abort()
    this.#listeners.clear()
    this.#watchers.clear()
    this.#client?.close()
  }

  async #keepConnected(): Promise<void> {
    let failures = 0
    while (!this.#over.signal.aborted) {
      let reason: HoldfastError | undefined
      try {
        reason = await this.#connectOnce(() => {
          failures = 0
        })
      } catch (error) {
        reason = error instanceof HoldfastError ? error : unforeseen(error)
      }
      if (this.#over.signal.aborted) return
      this.#become({ state: 'connecting', error: reason?.toWire() ?? null })
      // One that was closed on this side is replaced at once.
      if (reason === undefined) continue
      await this.#wait(failures)
      failures++
    }
  }

  /** From one try to connect to the end of that connection. */
  async #connectOnce(connected: () => void): Promise<HoldfastError | undefined> {
    const { connect, facts } = this.#options
    const client = await connect(this.#over.signal)
    try {
      const known = await facts(client)
      if (this.#over.signal.aborted) return undefined
      connected()
      this.#client = client
      // Before it is told, because those who hear it may watch more. What comes of it comes later anyway.
      for (const watcher of this.#watchers) this.#subscribe(watcher, client)
      this.#become({ state: 'connected', ...known })
      return await client.closed
    } finally {
      this.#client = undefined
      client.close()
    }
  }

  #subscribe(watcher: Watcher, client: RpcClient<Contract>): void {
    const { name, listener } = watcher
    const subscription = client.subscribe(name, {
      state: state => listener.state(state),
      change: change => listener.change(change),
      ended: error => {
        // Together with the connection: it begins anew with the next one.
        if (!client.isOpen) return
        this.#watchers.delete(watcher)
        listener.refused(error.toWire())
      },
    })
    watcher.stop = () => subscription.close()
  }

  #become(state: BridgeState<Facts>): void {
    this.#state = state
    for (const listener of this.#listeners) tell(() => listener.tell(state))
  }

  /** Longer after each failure; a fault that time does not mend is looked at seldom. */
  async #wait(failures: number): Promise<void> {
    const { clock, longestWaitMs = 10_000 } = this.#options
    const signal = AbortSignal.any([this.#over.signal, this.#hurry.signal])
    const ms = Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(failures, 20))
    await clock.sleep(ms, signal).catch(() => {})
    this.#hurry = new AbortController()
  }

  #notConnected(): HoldfastError {
    const { advice } = this.#state.state === 'connecting' ? (this.#state.error ?? {}) : {}
    return new HoldfastError('helper.unreachable', 'There is no connection to the background service.', {
      advice: advice ?? 'Wait until it is there, and try again.',
      retryable: true,
    })
  }
}

const asWire = (error: unknown): WireError => (error instanceof HoldfastError ? error : unforeseen(error)).toWire()

const unforeseen = (error: unknown): HoldfastError =>
  new HoldfastError('internal.bug', 'Something went wrong inside Holdfast.', {
    advice: 'Report it as a fault.',
    details: { error: String(error) },
    cause: error,
  })
