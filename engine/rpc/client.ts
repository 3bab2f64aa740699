import { cancelled, HoldfastError } from '../contract/errors.ts'
import type { OnProgress } from '../contract/progress.ts'
import type { ClientCallOptions, Contract, RpcClient, TopicListener } from '../contract/rpcContract.ts'
import type { Channel } from './channel.ts'
import { decodeBody, encodeFrame, FrameReader, maxFrameBytes, maxHelloBytes } from './frames.ts'
import { type FromClient, parseFromServer, parseProgress } from './messages.ts'
import { errorFromWire, schemaText } from './receivedErrors.ts'
import { tell } from './tell.ts'

/** What a client needs of a clock. A page has no other one. */
export interface Sleeper {
  /** Resolves after `ms` milliseconds; rejects when the signal fires. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export interface RpcClientOptions {
  /** Version of this program, for people. */
  program: string
  clock: Sleeper
  /** For transports that ask for one. */
  token?: string
  /** How long the server may take to answer the first message, milliseconds. 10 seconds unless given. */
  helloMs?: number
}

/**
 * Says hello over a new channel and gives the client. `helper.incompatible` when the two speak different protocols,
 * `helper.unreachable` when nobody answers, `access.denied` and `helper.busy` when the server turns us away.
 */
export function connectClient<C extends Contract>(
  contract: C,
  channel: Channel,
  options: RpcClientOptions,
): Promise<RpcClient<C>> {
  return new Client(contract, channel, options).greet() as unknown as Promise<RpcClient<C>>
}

interface PendingCall {
  name: string
  resolve: (output: unknown) => void
  reject: (error: HoldfastError) => void
  onProgress: OnProgress | undefined
}

interface Watched {
  name: string
  listener: TopicListener<unknown, unknown>
}

class Client {
  readonly closed: Promise<HoldfastError | undefined>
  serverProgram = ''
  readonly #contract: Contract
  readonly #channel: Channel
  readonly #options: RpcClientOptions
  readonly #reader = new FrameReader(maxFrameBytes)
  readonly #calls = new Map<number, PendingCall>()
  readonly #watched = new Map<number, Watched>()
  readonly #greeted = Promise.withResolvers<void>()
  readonly #closing = Promise.withResolvers<HoldfastError | undefined>()
  #nextId = 0
  #over: HoldfastError | undefined
  #stopGreeting = new AbortController()

  constructor(contract: Contract, channel: Channel, options: RpcClientOptions) {
    this.#contract = contract
    this.#channel = channel
    this.#options = options
    this.closed = this.#closing.promise
  }

  get isOpen(): boolean {
    return this.#over === undefined
  }

  async greet(): Promise<this> {
    const { program, token } = this.#options
    this.#channel.start({ data: bytes => this.#data(bytes), closed: () => this.#fail(lost()) })
    const hello: FromClient = { type: 'hello', protocol: this.#contract.protocol, program }
    this.#send(token === undefined ? hello : { ...hello, token }, 'The first message', maxHelloBytes)
    void this.#limitGreeting()
    try {
      await this.#greeted.promise
    } finally {
      this.#stopGreeting.abort()
    }
    return this
  }

  async call(name: string, input: unknown, options: ClientCallOptions = {}): Promise<unknown> {
    const { signal, onProgress } = options
    const what = `The call ${name}`
    if (this.#over) throw this.#over
    if (signal?.aborted) throw cancelled(what)
    const id = this.#nextId++
    // Fails before anything is noted when the input is too large.
    this.#send({ type: 'call', id, name, input }, `The input of ${name}`)
    const cancel = () => this.#send({ type: 'cancel', id }, what)
    signal?.addEventListener('abort', cancel, { once: true })
    try {
      return await new Promise((resolve, reject) => {
        this.#calls.set(id, { name, resolve, reject, onProgress })
      })
    } finally {
      signal?.removeEventListener('abort', cancel)
    }
  }

  subscribe(name: string, listener: TopicListener<unknown, unknown>): { close(): void } {
    const id = this.#nextId++
    this.#watched.set(id, { name, listener })
    const over = this.#over
    if (over) queueMicrotask(() => this.#watched.delete(id) && listener.ended(over))
    else this.#send({ type: 'subscribe', id, topic: name }, 'A message')
    return {
      close: () => {
        if (this.#watched.delete(id)) this.#send({ type: 'unsubscribe', id }, 'A message')
      },
    }
  }

  close(): void {
    if (this.#over) return
    this.#watched.clear()
    this.#finish(cancelled('The connection to the background service'), undefined)
  }

  async #limitGreeting(): Promise<void> {
    try {
      await this.#options.clock.sleep(this.#options.helloMs ?? 10_000, this.#stopGreeting.signal)
    } catch {
      return
    }
    this.#fail(
      new HoldfastError('helper.unreachable', 'The background service does not answer.', {
        advice: 'Look whether it is well: "systemctl status holdfast".',
        retryable: true,
      }),
    )
  }

  #fail(reason: HoldfastError): void {
    this.#finish(reason, reason)
  }

  #finish(forCalls: HoldfastError, forClosed: HoldfastError | undefined): void {
    if (this.#over) return
    this.#over = forCalls
    this.#channel.destroy()
    this.#greeted.reject(forCalls)
    for (const call of this.#calls.values()) call.reject(forCalls)
    this.#calls.clear()
    const watched = [...this.#watched.values()]
    this.#watched.clear()
    for (const { listener } of watched) tell(() => listener.ended(forCalls))
    this.#closing.resolve(forClosed)
  }

  #send(message: FromClient, what: string, limit?: number): void {
    if (!this.#over) this.#channel.send(encodeFrame(message, what, limit))
  }

  #data(bytes: Uint8Array): void {
    if (this.#over) return
    this.#reader.push(bytes)
    try {
      while (!this.#over) {
        const body = this.#reader.next()
        if (body === undefined) break
        this.#handle(decodeBody(body))
      }
    } catch (error) {
      this.#fail(error instanceof HoldfastError ? error : notUnderstood('A message', String(error)))
    }
  }

  #handle(value: unknown): void {
    const message = parseFromServer(value)
    switch (message?.type) {
      case 'hello':
        this.serverProgram = message.program
        this.#greeted.resolve()
        break
      case 'refused':
        this.#fail(errorFromWire(message.error))
        break
      case 'result':
        this.#result(message.id, message.output)
        break
      case 'error':
        this.#error(message.id, errorFromWire(message.error))
        break
      case 'progress':
        this.#progress(message.id, message.progress)
        break
      case 'state':
      case 'change':
        this.#news(message)
        break
      case 'ping':
        this.#send({ type: 'pong' }, 'A message')
    }
  }

  #result(id: number, output: unknown): void {
    const call = this.#calls.get(id)
    if (!call) return
    this.#calls.delete(id)
    const parsed = this.#contract.calls[call.name]!.output.safeParse(output)
    if (parsed.success) call.resolve(parsed.data)
    else call.reject(notUnderstood(`The answer to ${call.name}`, schemaText(parsed.error)))
  }

  #error(id: number, error: HoldfastError): void {
    const call = this.#calls.get(id)
    const watched = this.#watched.get(id)
    this.#calls.delete(id)
    this.#watched.delete(id)
    call?.reject(error)
    if (watched) tell(() => watched.listener.ended(error))
  }

  #progress(id: number, value: unknown): void {
    const onProgress = this.#calls.get(id)?.onProgress
    const progress = parseProgress(value)
    if (onProgress && progress) tell(() => onProgress(progress))
  }

  #news(message: { id: number } & ({ type: 'state'; state?: unknown } | { type: 'change'; change?: unknown })): void {
    const watched = this.#watched.get(message.id)
    if (!watched) return
    const { name, listener } = watched
    const definition = this.#contract.topics[name]!
    const isState = message.type === 'state'
    const parsed = isState ? definition.state.safeParse(message.state) : definition.change.safeParse(message.change)
    if (!parsed.success) {
      this.#watched.delete(message.id)
      this.#send({ type: 'unsubscribe', id: message.id }, 'A message')
      tell(() => listener.ended(notUnderstood(`The topic ${name}`, schemaText(parsed.error))))
    } else tell(() => (isState ? listener.state(parsed.data) : listener.change(parsed.data)))
  }
}

function lost(): HoldfastError {
  return new HoldfastError('helper.unreachable', 'The connection to the background service is lost.', {
    advice: 'Look whether it is running: "systemctl status holdfast".',
    retryable: true,
  })
}

function notUnderstood(what: string, why: string): HoldfastError {
  return new HoldfastError('internal.bug', `${what} cannot be understood: ${why}.`, {
    advice: 'Restart the background service and this program, so that both are of the same version.',
  })
}
