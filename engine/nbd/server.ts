import type { Socket } from 'node:net'
import { type Clock, systemClock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import { Connection, type TlsOffer } from './connection.ts'
import type { ExportList } from './export.ts'
import { defaultLimits, type ServerLimits } from './limits.ts'
import { MemoryBudget } from './memoryBudget.ts'

export interface NbdServerOptions {
  exports: ExportList
  /** Without it, clients that ask for TLS are told that there is none. */
  tls?: TlsOffer
  limits?: Partial<ServerLimits>
  clock?: Clock
  log: Logger
}

/** What a server has in hand. */
export interface ServerStats {
  connections: number
  /** Of these, those that have not chosen an export yet. */
  negotiating: number
  requests: number
  /** Memory of requests and replies. */
  heldBytes: number
  /** Connections that wait for memory. */
  waiting: number
}

/** Serves exports over sockets that somebody else has accepted; see listen.ts. */
export class NbdServer {
  readonly #options: NbdServerOptions
  readonly #limits: ServerLimits
  readonly #clock: Clock
  readonly #memory: MemoryBudget
  readonly #connections = new Map<Connection, Promise<void>>()
  #isStopping = false

  constructor(options: NbdServerOptions) {
    this.#options = options
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#clock = options.clock ?? systemClock
    this.#memory = new MemoryBudget(this.#limits, this.#clock)
  }

  get stats(): ServerStats {
    const connections = [...this.#connections.keys()]
    return {
      connections: connections.length,
      negotiating: connections.filter(connection => connection.isNegotiating).length,
      requests: connections.reduce((sum, { underWay }) => sum + underWay, 0),
      heldBytes: this.#memory.heldBytes,
      waiting: this.#memory.waiting,
    }
  }

  /** Serves a new client. Where there is no room, the one that has been negotiating for longest is cut, or else this one. */
  accept(socket: Socket): void {
    if (this.#isStopping || !this.#hasRoom()) {
      socket.on('error', () => undefined)
      socket.destroy()
      return
    }
    const { exports, tls, log } = this.#options
    const connection = new Connection(socket, {
      exports,
      ...(tls ? { tls } : {}),
      limits: this.#limits,
      memory: this.#memory,
      clock: this.#clock,
      log,
    })
    const run = connection.run().finally(() => this.#connections.delete(connection))
    this.#connections.set(connection, run)
  }

  /** Finishes requests that are under way, refuses further ones and ends all connections. Takes no new ones. */
  async stop(): Promise<void> {
    this.#isStopping = true
    for (const connection of this.#connections.keys()) connection.stop()
    const ended = Promise.all(this.#connections.values())
    const patience = new AbortController()
    const giveUp = this.#clock.sleep(this.#limits.stopMs, patience.signal).then(
      () => {
        for (const connection of this.#connections.keys()) connection.giveUp()
      },
      () => undefined,
    )
    await ended
    patience.abort()
    await giveUp
  }

  #hasRoom(): boolean {
    const open = [...this.#connections.keys()].filter(connection => !connection.isCut)
    if (open.length < this.#limits.connections) return true
    const oldest = open.find(connection => connection.isNegotiating)
    if (oldest)
      this.#options.log.warn('there is no room for so many clients; one that was still negotiating was cut off')
    oldest?.cut()
    return oldest !== undefined
  }
}
