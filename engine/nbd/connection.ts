import type { Socket } from 'node:net'
import { type SecureContext, TLSSocket } from 'node:tls'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import { ByteReader } from './byteReader.ts'
import type { ExportList } from './export.ts'
import { type Agreement, Handshake, type Wire } from './handshake.ts'
import type { ServerLimits } from './limits.ts'
import type { MemoryBudget } from './memoryBudget.ts'
import { Output } from './output.ts'
import { Transmission } from './transmission.ts'

/** How TLS is offered. */
export interface TlsOffer {
  context: SecureContext
  /** Nothing is said to a client without it. */
  isRequired: boolean
}

export interface ConnectionOptions {
  exports: ExportList
  tls?: TlsOffer
  limits: ServerLimits
  memory: MemoryBudget
  clock: Clock
  log: Logger
}

/** How long a client that has had its last reply may take to close its end. */
const farewellMs = 2000

/** One client from its first byte to its last: negotiation, perhaps TLS, transmission. */
export class Connection {
  readonly #socket: Socket
  readonly #options: ConnectionOptions
  readonly #abort = new AbortController()
  /** The socket, or TLS over it. */
  #stream: Socket
  #reader: ByteReader
  #output: Output
  #transmission: Transmission | undefined
  #deadline: AbortController | undefined
  #isGivenUp = false

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = this.#stream = socket
    this.#options = options
    // A client may vanish at any moment; the reader and the replies notice.
    socket.on('error', () => undefined)
    this.#reader = new ByteReader(socket)
    this.#output = new Output(socket)
  }

  get isNegotiating(): boolean {
    return this.#transmission === undefined
  }

  get isCut(): boolean {
    return this.#socket.destroyed
  }

  /** Requests that were read and not yet answered. */
  get underWay(): number {
    return this.#transmission?.underWay ?? 0
  }

  /** Serves the client until it has gone and nothing of it is left. Never rejects. */
  async run(): Promise<void> {
    const { log } = this.#options
    try {
      const agreement = await this.#negotiate()
      this.#deadline?.abort()
      if (agreement) await this.#transmit(agreement)
      await this.#farewell()
    } catch (error) {
      log.error('a connection failed', { error })
    } finally {
      this.#deadline?.abort()
      this.cut()
    }
  }

  /** Ends it at once; what is being written is still finished. */
  cut(): void {
    this.#abort.abort()
    this.#stream.destroy()
    this.#socket.destroy()
  }

  /** Finishes what is under way and ends. A client that has not chosen an export yet is cut. */
  stop(): void {
    if (this.#transmission) this.#transmission.stop()
    else this.cut()
  }

  /** What is still under way after stop() has had time enough. */
  giveUp(): void {
    this.#isGivenUp = true
    this.#transmission?.abort()
    this.#cutAfter(farewellMs)
  }

  #negotiate(): Promise<Agreement | undefined> {
    const { exports, tls, limits, log } = this.#options
    const handshake = new Handshake(this.#wire(), {
      exports,
      tls: tls === undefined ? 'none' : tls.isRequired ? 'required' : 'offered',
      limits,
      log,
      signal: this.#abort.signal,
      startTls: () => this.#startTls(),
      onOption: () => this.#cutAfter(limits.negotiationMs),
    })
    return handshake.run()
  }

  async #transmit({ device, isStructured, hasContext }: Agreement): Promise<void> {
    const { limits, memory, log } = this.#options
    const account = memory.open(() => {
      log.warn('a client was cut off: it kept memory that others wait for', { export: device.name })
      this.cut()
    })
    const transmission = new Transmission({
      reader: this.#reader,
      output: this.#output,
      device,
      isStructured,
      hasContext,
      memory: account,
      limits,
      log,
      onLast: () => this.#cutAfter(this.#isGivenUp ? farewellMs : limits.stopMs),
    })
    const end = () => {
      transmission.abort()
      account.cancel()
    }
    this.#transmission = transmission
    // Whatever is being waited for, there is nobody left to have it.
    this.#stream.once('close', end)
    try {
      if (this.#stream.destroyed) end()
      await transmission.run()
    } finally {
      account.close()
      await device.close()
    }
  }

  /** Closes our end, and waits for the client's, so that it gets what was said last. */
  async #farewell(): Promise<void> {
    const stream = this.#stream
    if (stream.destroyed) return
    const closed = new Promise<void>(resolve => stream.once('close', () => resolve()))
    this.#cutAfter(farewellMs)
    this.#reader.release()
    stream.end()
    stream.resume()
    await closed
  }

  async #startTls(): Promise<Wire | undefined> {
    // Whatever came before the client could know of our consent was not meant to be secret, and must not count as such.
    if (!this.#reader.release()) return undefined
    const secure = new TLSSocket(this.#socket, { isServer: true, secureContext: this.#options.tls!.context })
    const isSecure = await new Promise<boolean>(resolve => {
      secure.on('error', () => resolve(false))
      secure.on('close', () => resolve(false))
      // Also for what goes wrong later.
      secure.on('_tlsError', () => this.cut())
      secure.on('secure', () => resolve(true))
    })
    if (!isSecure) return undefined
    this.#stream = secure
    this.#reader = new ByteReader(secure)
    this.#output = new Output(secure)
    return this.#wire()
  }

  #wire(): Wire {
    const output = this.#output
    return { reader: this.#reader, send: bytes => output.sent(bytes) }
  }

  /** The latest of these counts. */
  #cutAfter(ms: number): void {
    this.#deadline?.abort()
    const deadline = new AbortController()
    this.#deadline = deadline
    this.#options.clock.sleep(ms, deadline.signal).then(
      () => this.cut(),
      () => undefined,
    )
  }
}
