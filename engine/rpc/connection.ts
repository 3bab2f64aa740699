import { cancelled, HoldfastError } from '../contract/errors.ts'
import { CallRun } from './callRun.ts'
import type { Channel } from './channel.ts'
import { decodeBody, encodeFrame, FrameReader, malformed, maxFrameBytes, maxHelloBytes } from './frames.ts'
import { type FromClient, type FromServer, type Hello, parseFromClient } from './messages.ts'
import { Outbox } from './outbox.ts'
import type { Peer } from './peer.ts'
import { busy, type ServerCore } from './serverCore.ts'
import { SubscriptionRun } from './subscriptionRun.ts'
import { errorToWire } from './wireErrors.ts'

/** Silent for this many intervals means gone. */
const silentIntervals = 3

export interface ConnectionOptions {
  peer: Peer
  /** Decides by the token of the hello, where the transport does not know its peer. */
  checkToken: ((token: string | undefined) => boolean) | undefined
  /** Called once, when nothing can come or go any more. */
  ended: () => void
}

/** The server's end of one connection. */
export class Connection {
  readonly #core: ServerCore
  readonly #channel: Channel
  readonly #options: ConnectionOptions
  readonly #peer: Peer
  readonly #reader = new FrameReader(maxHelloBytes)
  readonly #outbox: Outbox
  readonly #calls = new Map<number, CallRun>()
  readonly #subscriptions = new Map<number, SubscriptionRun>()
  /** Fires when the connection has been given up; its channel may still take a last message out. */
  readonly #over = new AbortController()
  /** Fires when the channel is closed. */
  readonly #gone = new AbortController()
  #state: 'greeting' | 'open' | 'over' = 'greeting'
  #heard = false
  #paused = false
  #reading = false

  constructor(core: ServerCore, channel: Channel, options: ConnectionOptions) {
    this.#core = core
    this.#channel = channel
    this.#options = options
    this.#peer = options.peer
    this.#outbox = new Outbox(channel, difference => this.#queued(difference))
    channel.start({ data: bytes => this.#data(bytes), closed: () => this.#closed() })
    void this.#limitGreeting()
  }

  get queuedBytes(): number {
    return this.#outbox.bytes
  }

  get receivedBytes(): number {
    return this.#reader.bufferedBytes
  }

  get callCount(): number {
    return this.#calls.size
  }

  get subscriptionCount(): number {
    return this.#subscriptions.size
  }

  /** Says why and ends it. What waits to be sent is thrown away, for the client may be one that does not read. */
  refuse(reason: HoldfastError): void {
    if (this.#state === 'over') return
    this.#core.log.debug('a connection is ended', { peer: this.#peer, code: reason.code, reason: reason.message })
    this.#giveUp()
    this.#channel.send(this.#encoded({ type: 'refused', error: errorToWire(reason, this.#core.debug) }))
    this.#channel.end()
    // Bytes are still taken and forgotten, or the last message could be lost with them.
    this.#channel.resume()
    void cutLater(this.#channel, this.#core, this.#gone.signal)
  }

  #giveUp(): void {
    this.#state = 'over'
    this.#over.abort(cancelled())
    this.#outbox.close()
    this.#reader.clear()
    for (const run of this.#calls.values()) run.disconnect()
    for (const run of this.#subscriptions.values()) run.end()
    this.#calls.clear()
    this.#subscriptions.clear()
  }

  #closed(): void {
    if (this.#gone.signal.aborted) return
    this.#gone.abort(cancelled())
    if (this.#state !== 'over') this.#giveUp()
    this.#options.ended()
  }

  async #limitGreeting(): Promise<void> {
    try {
      await this.#core.clock.sleep(this.#core.limits.helloMs, this.#over.signal)
    } catch {
      return
    }
    if (this.#state === 'greeting') {
      this.refuse(new HoldfastError('usage.invalid', 'The client did not say who it is in time.'))
    }
  }

  async #watchSilence(): Promise<void> {
    let silent = 0
    for (;;) {
      try {
        await this.#core.clock.sleep(this.#core.limits.pingMs, this.#over.signal)
      } catch {
        return
      }
      silent = this.#heard ? 0 : silent + 1
      this.#heard = false
      if (silent >= silentIntervals) {
        this.refuse(new HoldfastError('helper.unreachable', 'The client has shown no sign of life.'))
        return
      }
      if (silent > 0) this.#send({ type: 'ping' })
    }
  }

  #data(bytes: Uint8Array): void {
    if (this.#state === 'over') return
    this.#heard = true
    this.#reader.push(bytes)
    this.#read()
  }

  /** Works off what came in, as long as the client takes what it gets for it. */
  #read(): void {
    if (this.#reading) return
    this.#reading = true
    try {
      while (this.#state !== 'over' && !this.#paused) {
        const body = this.#reader.next()
        if (body === undefined) break
        this.#handle(parseFromClient(decodeBody(body)))
      }
    } catch (error) {
      this.refuse(error instanceof HoldfastError ? error : malformed('it fits nowhere'))
    } finally {
      this.#reading = false
    }
  }

  #queued(difference: number): void {
    this.#core.queued(difference)
    if (this.#state === 'over') return
    const { pauseBytes, queueBytes } = this.#core.limits
    if (this.#outbox.bytes > queueBytes) {
      this.refuse(new HoldfastError('helper.busy', 'The client reads its messages too slowly.', { retryable: true }))
    } else if (!this.#paused && this.#outbox.bytes > pauseBytes) {
      this.#paused = true
      this.#channel.pause()
    } else if (this.#paused && this.#outbox.bytes <= pauseBytes / 2) {
      this.#paused = false
      this.#channel.resume()
      this.#read()
    }
  }

  #handle(message: FromClient): void {
    if (this.#state === 'greeting') {
      if (message.type !== 'hello') throw malformed('the first one must say hello')
      this.#greet(message)
      return
    }
    switch (message.type) {
      case 'hello':
        throw malformed('a second hello')
      case 'call':
        this.#call(message)
        break
      case 'cancel':
        this.#calls.get(message.id)?.cancel()
        break
      case 'subscribe':
        this.#subscribe(message)
        break
      case 'unsubscribe':
        this.#subscriptions.get(message.id)?.end()
        this.#subscriptions.delete(message.id)
        break
      case 'pong':
    }
  }

  #greet(hello: Hello): void {
    const { contract, program } = this.#core
    if (this.#options.checkToken && !this.#options.checkToken(hello.token)) {
      throw new HoldfastError('access.denied', 'The token of the connection is wrong.', {
        advice: 'Open the page again from the program that started it.',
      })
    }
    if (hello.protocol !== contract.protocol) throw mismatch(hello, { protocol: contract.protocol, program })
    this.#state = 'open'
    this.#reader.limit = maxFrameBytes
    this.#send({ type: 'hello', protocol: contract.protocol, program })
    void this.#watchSilence()
  }

  #call({ id, name, input }: Extract<FromClient, { type: 'call' }>): void {
    this.#claim(id)
    try {
      const definition = entryOf(this.#core.contract.calls, name, 'call')
      if (this.#calls.size >= this.#core.limits.callsPerConnection) {
        throw busy(`${this.#calls.size} calls of this connection have no answer yet.`)
      }
      const run = new CallRun(this.#core, this.#outbox, this.#peer, id, name, definition)
      const done = this.#core.tally.call(this.#peer, () => run.cancel())
      this.#calls.set(id, run)
      void run.run(input, () => this.#calls.delete(id)).then(done)
    } catch (error) {
      this.#send({ type: 'error', id, error: errorToWire(error, this.#core.debug) })
    }
  }

  #subscribe({ id, topic }: Extract<FromClient, { type: 'subscribe' }>): void {
    this.#claim(id)
    try {
      const definition = entryOf(this.#core.contract.topics, topic, 'topic')
      if (this.#subscriptions.size >= this.#core.limits.subscriptionsPerConnection) {
        throw busy(`${this.#subscriptions.size} topics are watched over this connection.`)
      }
      const ended = () => void this.#subscriptions.delete(id)
      const run = new SubscriptionRun(this.#core, this.#outbox, this.#peer, id, topic, definition, ended)
      this.#subscriptions.set(id, run)
      void run.start()
    } catch (error) {
      this.#send({ type: 'error', id, error: errorToWire(error, this.#core.debug) })
    }
  }

  #claim(id: number): void {
    if (this.#calls.has(id) || this.#subscriptions.has(id)) throw malformed(`the number ${id} is in use`)
  }

  #send(message: FromServer): void {
    this.#outbox.push(this.#encoded(message))
  }

  #encoded(message: FromServer): Uint8Array {
    return encodeFrame(message, 'A message')
  }
}

/** Gives a channel that has been ended the time to take its last message out. */
export async function cutLater(channel: Channel, core: ServerCore, closed: AbortSignal): Promise<void> {
  try {
    await core.clock.sleep(core.limits.closeGraceMs, closed)
    channel.destroy()
  } catch {
    // It has closed by itself.
  }
}

function entryOf<Entry>(entries: Readonly<Record<string, Entry>>, name: string, what: string): Entry {
  const entry = Object.hasOwn(entries, name) ? entries[name] : undefined
  if (entry === undefined)
    throw new HoldfastError('usage.invalid', `There is no ${what} named ${JSON.stringify(name)}.`)
  return entry
}

interface Speaker {
  protocol: number
  program: string
}

/** Says in plain words which of the two is older and what to do about it. */
export function mismatch(client: Speaker, server: Speaker): HoldfastError {
  const clientIsOlder = client.protocol < server.protocol
  return new HoldfastError(
    'helper.incompatible',
    `This program is Holdfast ${client.program} and the background service is Holdfast ${server.program}; they cannot talk to each other.`,
    {
      advice: clientIsOlder
        ? 'Close this program and start it again; if that does not help, update it.'
        : 'Restart the background service ("systemctl restart holdfast"), or update it.',
      details: { client: { ...client }, server: { ...server } },
    },
  )
}
