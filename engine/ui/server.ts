import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { Logger } from '../base/logger.ts'
import { HoldfastError } from '../contract/errors.ts'
import type { Channel } from '../rpc/channel.ts'
import { encodeFrame, maxFrameBytes } from '../rpc/frames.ts'
import type { FromServer } from '../rpc/messages.ts'
import { webSocketChannel } from '../rpc/webSocketChannel.ts'
import { errorToWire } from '../rpc/wireErrors.ts'
import { joinChannels } from './joinChannels.ts'
import { closedPage, closedPath, type Page, type Pages } from './pages.ts'
import { cookieName, cookieOf, isOwnHost, isOwnPage, strictHeaders } from './requests.ts'
import { Session, type SessionProof } from './session.ts'

/**
 * What the page and this program agree on besides the frames, which are those of every transport:
 *
 * `POST /session` with `{token}` gives `{program, key}` and a cookie, once; `GET /session` with both gives `{program}`, so that a page
 * that is loaded again knows where it is. The key goes in the header `holdfast-key`, and to `/rpc` as the protocol "key." and
 * itself after the protocol "holdfast", because a page can set no other header there.
 */
export interface UiOptions {
  pages: Pages
  /** 0 takes any that is free. */
  port: number
  /** Version of this program. */
  program: string
  /** A new connection to the helper, for one page. What it fails with is told to the page. */
  openHelper(): Promise<Channel>
  /** Called with the number of pages that are connected, whenever it changes. */
  onPages?: (pages: number) => void
  log: Logger
}

export interface UiServer {
  port: number
  /** Without the token. */
  origin: string
  /** What lets one browser in. The token stands where browsers send it nowhere by themselves. */
  url: string
  /** Ends all connections. */
  close(): Promise<void>
}

/** The program of a page asks for a few dozen files; a browser uses six connections for them. */
const mostSockets = 128
const mostTokenBytes = 1024

/** Serves the app on this computer alone. `config.inUse` when the port is taken, `config.invalid` when it cannot be used. */
export async function serveUi(options: UiOptions): Promise<UiServer> {
  const http = createServer({ requestTimeout: 10_000, maxHeaderSize: 16 * 1024 })
  http.maxConnections = mostSockets
  const port = await listening(http, options.port)
  const server = new Ui(options, port)
  http.on('request', (request, response) => void server.answer(request, response))
  http.on('upgrade', (request, socket, head) => server.upgrade(request, socket, head))
  const origin = `http://127.0.0.1:${port}`
  return {
    port,
    origin,
    url: `${origin}/#token=${server.session.token}`,
    async close() {
      const closed = new Promise(resolve => http.close(resolve))
      server.close()
      http.closeAllConnections()
      await closed
    },
  }
}

class Ui {
  readonly session = new Session()
  readonly #options: UiOptions
  readonly #port: number
  readonly #headers: Record<string, string>
  /** Neither compression, which can blow up in memory, nor messages that could not be frames. */
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: maxFrameBytes + 4, perMessageDeflate: false })
  readonly #open = new Set<Channel>()

  constructor(options: UiOptions, port: number) {
    this.#options = options
    this.#port = port
    this.#headers = strictHeaders(port)
  }

  close(): void {
    for (const page of this.#open) page.destroy()
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#route(request, response)
    } catch (error) {
      this.#options.log.warn('a request was not answered', { error })
      if (response.headersSent) response.destroy()
      else this.#say(response, 400)
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!isOwnHost(request.headers, this.#port)) return this.#say(response, 403)
    const [path = ''] = (request.url ?? '').split('?')
    if (path === '/session' && request.method === 'POST') return await this.#begin(request, response)
    if (request.method !== 'GET' && request.method !== 'HEAD') return this.#say(response, 405, { allow: 'GET, HEAD' })
    if (path === '/session') return this.#confirm(request, response)
    if (path === closedPath) return this.#show(request, response, closedPage, 403)
    const page = this.#options.pages.get(path)
    if (page === undefined) return this.#say(response, 404)
    this.#show(request, response, page, 200)
  }

  async #begin(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!isOwnPage(request.headers, this.#port)) return this.#say(response, 403)
    if (request.headers['content-type'] !== 'application/json') return this.#say(response, 415)
    const text = await readText(request, mostTokenBytes)
    if (text === undefined) return this.#say(response, 413, { connection: 'close' })
    const proof = this.session.exchange(tokenIn(text))
    if (proof === undefined) return this.#say(response, 403)
    const cookie = `${cookieName(this.#port)}=${proof.cookie}; HttpOnly; SameSite=Strict; Path=/`
    this.#json(response, { program: this.#options.program, key: proof.key }, { 'set-cookie': cookie })
  }

  #confirm(request: IncomingMessage, response: ServerResponse): void {
    const key = request.headers['holdfast-key']
    const isKnown = this.session.isProved(this.#proof(request, typeof key === 'string' ? key : undefined))
    if (isKnown) this.#json(response, { program: this.#options.program })
    else this.#say(response, 401)
  }

  #proof(request: IncomingMessage, key: string | undefined): SessionProof {
    return { cookie: cookieOf(request.headers.cookie, cookieName(this.#port)), key }
  }

  #show(request: IncomingMessage, response: ServerResponse, { type, body }: Page, status: number): void {
    response.writeHead(status, { ...this.#headers, 'content-type': type, 'content-length': body.length })
    response.end(request.method === 'HEAD' ? undefined : body)
  }

  #json(response: ServerResponse, value: unknown, headers: Record<string, string> = {}): void {
    response.writeHead(200, { ...this.#headers, ...headers, 'content-type': 'application/json' })
    response.end(JSON.stringify(value))
  }

  #say(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
    response.writeHead(status, { ...this.#headers, ...headers, 'content-type': 'text/plain; charset=utf-8' })
    response.end(`${texts[status]}\n`)
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => {})
    const refusal = this.#refusalOf(request)
    if (refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    this.#sockets.handleUpgrade(request, socket, head, webSocket => void this.#join(webSocketChannel(webSocket)))
  }

  #refusalOf(request: IncomingMessage): string | undefined {
    if (!isOwnPage(request.headers, this.#port)) return '403 Forbidden'
    if (request.url !== '/rpc') return '404 Not Found'
    const [protocol, key] = (request.headers['sec-websocket-protocol'] ?? '').split(',').map(name => name.trim())
    if (protocol !== 'holdfast' || !key?.startsWith('key.')) return '401 Unauthorized'
    return this.session.isProved(this.#proof(request, key.slice('key.'.length))) ? undefined : '401 Unauthorized'
  }

  async #join(page: Channel): Promise<void> {
    this.#open.add(page)
    this.#options.onPages?.(this.#open.size)
    try {
      await joinChannels(page, await this.#options.openHelper())
    } catch (error) {
      await refuse(page, error)
    } finally {
      this.#open.delete(page)
      this.#options.onPages?.(this.#open.size)
    }
  }
}

/** Says why in the words of the protocol, and ends the connection. */
async function refuse(page: Channel, error: unknown): Promise<void> {
  const message: FromServer = { type: 'refused', error: errorToWire(error) }
  await new Promise<void>(resolve => {
    page.start({ data() {}, closed: resolve })
    page.send(encodeFrame(message, 'The reason'))
    page.end()
  })
}

const texts: Readonly<Record<number, string>> = {
  400: 'This request cannot be understood.',
  401: 'Open the address that "holdfast ui" prints.',
  403: 'Not allowed. An address of Holdfast lets one browser in, once; run "holdfast ui" again for a new one.',
  404: 'Not found.',
  405: 'Not allowed.',
  413: 'Too long.',
  415: 'Only JSON.',
}

function tokenIn(text: string): unknown {
  try {
    return (JSON.parse(text) as { token?: unknown } | null)?.token
  } catch {
    return undefined
  }
}

/** The body of a request; undefined when it is longer than `most` bytes. */
async function readText(request: IncomingMessage, most: number): Promise<string | undefined> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > most) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

async function listening(http: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new HoldfastError('config.inUse', `Another program uses port ${port}.`, {
              advice: 'Choose another port, or leave --port out.',
            })
          : new HoldfastError('config.invalid', `Port ${port} cannot be used (${error.code}).`, {
              advice: 'Leave --port out.',
            }),
      ),
    )
    http.listen(port, '127.0.0.1', resolve)
  })
  return (http.address() as AddressInfo).port
}
