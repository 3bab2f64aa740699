import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { HoldfastError } from '../contract/errors.ts'
import { maxFrameBytes } from './frames.ts'
import type { RpcServer } from './server.ts'
import type { Listener } from './unixServer.ts'
import { webSocketChannel } from './webSocketChannel.ts'

export interface WebSocketListenOptions {
  /** 0 takes any that is free. */
  port: number
  /** 127.0.0.1 unless given; only addresses of this computer are taken. */
  host?: '127.0.0.1' | '::1'
  /** What a client must say in its first message; at least 32 signs that nobody can guess. */
  token: string
  /** Origins of pages that may connect, such as "http://127.0.0.1:8080". Requests without an origin are refused. */
  origins: readonly string[]
  /** Where connections are taken; '/rpc' unless given. */
  path?: string
  /** Answers all other requests; with 404 unless given. */
  pages?: RequestListener
}

export interface WebSocketListener extends Listener {
  port: number
  url: string
}

const shortestToken = 32
/** Above this, connections are cut without a word; below, the server tells those for whom it has no room. */
const mostSockets = 512

/**
 * Takes connections from browsers on this computer. Other pages in the same browser are kept out by their origin, other
 * programs by the token, and names that were made to point here by the Host header. `config.invalid` for a short token or
 * an address of the network, `helper.alreadyRunning` when the port is taken.
 */
export async function listenWebSocket(server: RpcServer, options: WebSocketListenOptions): Promise<WebSocketListener> {
  const { host = '127.0.0.1', token, origins, path = '/rpc' } = options
  if (token.length < shortestToken) {
    throw new HoldfastError('config.invalid', `The token is shorter than ${shortestToken} signs.`)
  }
  if (host !== '127.0.0.1' && host !== '::1') {
    throw new HoldfastError('config.invalid', `${String(host)} is not an address of this computer alone.`)
  }
  const http = createServer(options.pages ?? notFound)
  http.maxConnections = mostSockets
  // Neither compression, which can blow up in memory, nor messages that could not be frames.
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxFrameBytes + 4, perMessageDeflate: false })
  const port = await listening(http, options.port, host)
  const place = `${host === '::1' ? '[::1]' : host}:${port}`
  const hosts = [place, `localhost:${port}`]
  const checkToken = tokenCheck(token)

  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {})
    const refusal = refusalOf(request, path, hosts, origins)
    if (refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    sockets.handleUpgrade(request, socket, head, webSocket => {
      server.accept(webSocketChannel(webSocket), { peer: { transport: 'websocket' }, checkToken })
    })
  })

  return {
    port,
    url: `ws://${place}${path}`,
    async close() {
      http.close()
    },
  }
}

const notFound: RequestListener = (_request, response) => {
  response.writeHead(404, { 'content-type': 'text/plain' }).end('Not found\n')
}

/** Why a request to connect is turned away, as the first line of the answer; undefined when it is not. */
function refusalOf(
  request: IncomingMessage,
  path: string,
  hosts: readonly string[],
  origins: readonly string[],
): string | undefined {
  if (request.url !== path) return '404 Not Found'
  if (!hosts.includes(request.headers.host ?? '')) return '403 Forbidden'
  if (!origins.includes(request.headers.origin ?? '')) return '403 Forbidden'
  return undefined
}

/** Compares digests, so that neither time nor length tell anything about the token. */
function tokenCheck(token: string): (given: string | undefined) => boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const expected = digest(token)
  return given => given !== undefined && timingSafeEqual(digest(given), expected)
}

async function listening(http: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new HoldfastError('helper.alreadyRunning', `Another program uses port ${port}.`, {
              advice: 'Choose another port.',
            })
          : new HoldfastError('config.invalid', `Port ${port} of ${host} cannot be used (${error.code}).`),
      ),
    )
    http.listen(port, host, resolve)
  })
  return (http.address() as AddressInfo).port
}
