import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** A way to a local server on which every byte arrives `delayMs` later in each direction, at any rate; and that can be cut. */
export class SlowProxy {
  readonly port: number
  /** Bytes that have come from the client in all. */
  received = 0
  readonly #server: Server
  #isSilent = false
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server, port: number) {
    this.#server = server
    this.port = port
  }

  static async start(target: number, delayMs: number): Promise<SlowProxy> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const proxy = new SlowProxy(server, (server.address() as { port: number }).port)
    server.on('connection', client => {
      const upstream = connect(target, '127.0.0.1')
      client.on('data', data => {
        proxy.received += data.length
      })
      proxy.#join(client, upstream, delayMs)
      proxy.#join(upstream, client, delayMs)
    })
    return proxy
  }

  /** Breaks what is connected; new connections are taken as before. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  /** From now on nothing gets through, and nobody is told, as when a cable is pulled. */
  swallow(): void {
    this.#isSilent = true
  }

  async stop(): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #join(from: Socket, to: Socket, delayMs: number): void {
    this.#sockets.add(from)
    from.setNoDelay(true)
    from.on('data', data => setTimeout(() => to.destroyed || this.#isSilent || to.write(data), delayMs))
    from.on('error', () => undefined)
    from.on('close', () => {
      this.#sockets.delete(from)
      setTimeout(() => to.end(), delayMs)
    })
  }
}
