import type { Clock } from '../engine/base/clock.ts'
import type { BridgeConnection } from '../engine/contract/appBridge.ts'
import { HoldfastError, type WireError } from '../engine/contract/errors.ts'
import type { HelperContract } from '../engine/contract/helperContract.ts'
import type {
  CallInput,
  CallName,
  CallOutput,
  TopicChange,
  TopicName,
  TopicState,
} from '../engine/contract/rpcContract.ts'
import { backOffMs } from './backOff.ts'
import type { HelperLink } from './helperLink.ts'
import { wireErrorOf } from './reply.ts'
import { type TopicWatcher, Watches } from './watches.ts'

export interface HelperConnectionOptions {
  /** Connects to a helper, or starts one. */
  find: () => Promise<HelperLink>
  /** Starts a helper with rights; undefined where that is impossible. */
  raise: (() => Promise<HelperLink>) | undefined
  clock: Clock
}

type Listener = (connection: BridgeConnection) => void

/**
 * The one connection of the app to the helper, which all windows and the tray share. It looks for the helper until it is stopped,
 * again and again after a loss, and then tells those who watch topics the whole state anew.
 */
export class HelperConnection {
  readonly #options: HelperConnectionOptions
  readonly #watches = new Watches()
  readonly #listeners = new Set<Listener>()
  readonly #stopped = new AbortController()
  #current: BridgeConnection = { state: 'connecting', error: null }
  #link: HelperLink | undefined
  /** The next one to use, instead of one that is looked for. */
  #handedOver: HelperLink | undefined
  #wake: () => void = () => undefined
  #raising: Promise<void> | undefined

  constructor(options: HelperConnectionOptions) {
    this.#options = options
  }

  get current(): BridgeConnection {
    return this.#current
  }

  start(): void {
    void this.#run()
  }

  /** Ends the connection. A helper that runs by itself goes on. */
  stop(): void {
    this.#stopped.abort()
    this.#wake()
    this.#handedOver?.client.close()
    this.#link?.client.close()
  }

  /** Tells at once how things stand, then every change. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener)
    listener(this.#current)
    return () => void this.#listeners.delete(listener)
  }

  /** Tries to connect at once, when it waits for its next try. */
  reconnect(): void {
    this.#wake()
  }

  /** `helper.unreachable` (retryable) while there is no connection; else as the helper answers. */
  async call<Name extends CallName<HelperContract>>(
    name: Name,
    input: CallInput<HelperContract, Name>,
  ): Promise<CallOutput<HelperContract, Name>> {
    if (!this.#link) throw this.#notConnected()
    return this.#link.client.call(name, input)
  }

  /** Watches a topic over all losses of the connection, until the function that comes back is called. */
  watch<Name extends TopicName<HelperContract>>(
    topic: Name,
    watcher: TopicWatcher<TopicState<HelperContract, Name>, TopicChange<HelperContract, Name>>,
  ): () => void {
    return this.#watches.add(topic, watcher)
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
    if (this.#stopped.signal.aborted) return link.client.close()
    this.#handedOver = link
    const used = this.#nextConnected()
    this.#link?.client.close()
    this.#wake()
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

  async #run(): Promise<void> {
    let failures = 0
    while (!this.#stopped.signal.aborted) {
      const woken = new AbortController()
      this.#wake = () => woken.abort()
      try {
        const lost = await this.#use(await this.#open())
        failures = 0
        this.#tell({ state: 'connecting', error: lost?.toWire() ?? null })
        // One that ended in order is replaced at once.
        if (lost === undefined || this.#handedOver) continue
      } catch (error) {
        this.#tell({ state: 'connecting', error: wireErrorOf(error) })
      }
      failures++
      await this.#options.clock.sleep(backOffMs(failures), woken.signal).catch(() => undefined)
    }
  }

  async #open(): Promise<HelperLink> {
    const found = this.#handedOver ? undefined : await this.#options.find()
    // Somebody may have unlocked while it was looked for.
    const link = this.#handedOver ?? found!
    if (link !== found) found?.client.close()
    this.#handedOver = undefined
    return link
  }

  /** Resolves when the link is over: with the reason, or with nothing when it was closed here. */
  async #use(link: HelperLink): Promise<HoldfastError | undefined> {
    if (this.#stopped.signal.aborted) {
      link.client.close()
      return undefined
    }
    this.#link = link
    try {
      const { mode, program } = await statusOf(link)
      const canUnlock = link.kind === 'own' && mode === 'user' && this.#options.raise !== undefined
      this.#tell({ state: 'connected', mode, program, canUnlock })
      this.#watches.begin(link.client)
      return await link.client.closed
    } finally {
      link.client.close()
      this.#watches.end()
      this.#link = undefined
    }
  }

  #tell(connection: BridgeConnection): void {
    this.#current = connection
    if (this.#stopped.signal.aborted) return
    for (const listener of [...this.#listeners]) listener(connection)
  }

  #notConnected(): HoldfastError {
    const error: WireError | null = this.#current.state === 'connecting' ? this.#current.error : null
    if (error !== null) return HoldfastError.fromWire(error)
    return new HoldfastError('helper.unreachable', 'There is no connection to the background service yet.', {
      advice: 'Try again in a moment.',
      retryable: true,
    })
  }
}

/** What the helper is; as far as it can be told when this person may not even ask. */
async function statusOf({ client, kind }: HelperLink): Promise<{ mode: 'system' | 'user'; program: string }> {
  try {
    return await client.call('status.get', {})
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'access.denied') throw error
    return { mode: kind === 'own' ? 'user' : 'system', program: client.serverProgram }
  }
}
