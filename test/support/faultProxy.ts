import { createServer, request as httpRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { xmlDocument } from './s3/xml.ts'

/** What happens to one request on its way. */
export type Fault =
  /** The connection breaks: before anything arrives, amid the request, when it was carried out, amid the answer. */
  | { kind: 'reset'; when: 'before' | 'request' | 'answered' | 'answer' }
  /** The proxy answers in the server's place. */
  | { kind: 'refusal'; status: number; code: string; headers?: Record<string, string> }
  /** The answer ends early, in order, though its length was said. */
  | { kind: 'truncated' }
  /** One byte of what is put is changed. */
  | { kind: 'damagedPut' }
  /** The answer comes piece by piece, with pauses of so many milliseconds. */
  | { kind: 'slow'; pauseMs: number }
  /** Nothing is ever answered. */
  | { kind: 'silent' }

/** Decides for the nth request, from 0; undefined lets it pass. */
export type FaultPlan = (request: { number: number; method: string; path: string }) => Fault | undefined

/** A proxy on loopback before an S3 server on loopback, which does to requests what networks and servers do at their worst. */
export class FaultProxy {
  /** What was done, by kind. */
  readonly done = new Map<string, number>()
  plan: FaultPlan
  requests = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #isCut = false

  private constructor(targetPort: number, plan: FaultPlan) {
    this.plan = plan
    this.#server = createServer((request, response) => void this.#handle(targetPort, request, response))
    this.#server.on('connection', socket => {
      if (this.#isCut) return socket.resetAndDestroy()
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      socket.on('error', () => undefined)
    })
  }

  static async start(targetPort: number, plan: FaultPlan = () => undefined): Promise<FaultProxy> {
    const proxy = new FaultProxy(targetPort, plan)
    await new Promise<void>(resolve => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** The cable is pulled: every connection breaks, and no new one comes about until `mend`. */
  cut(): void {
    this.#isCut = true
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  mend(): void {
    this.#isCut = false
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }

  async #handle(targetPort: number, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const fault = this.plan({ number: this.requests++, method: request.method ?? '', path: request.url ?? '' })
    if (fault) this.done.set(fault.kind, (this.done.get(fault.kind) ?? 0) + 1)
    const { socket } = request
    request.on('error', () => undefined)
    response.on('error', () => undefined)
    if (fault?.kind === 'silent') return void request.resume()
    if (fault?.kind === 'reset' && fault.when === 'before') return void socket.resetAndDestroy()
    const chunks: Buffer[] = []
    try {
      for await (const chunk of request) {
        chunks.push(chunk as Buffer)
        if (fault?.kind === 'reset' && fault.when === 'request') return void socket.resetAndDestroy()
      }
    } catch {
      return
    }
    if (fault?.kind === 'reset' && fault.when === 'request') return void socket.resetAndDestroy()
    if (fault?.kind === 'refusal') return refuse(request, response, fault)
    const body = Buffer.concat(chunks)
    if (fault?.kind === 'damagedPut' && body.length > 0) body[Math.floor(body.length / 2)]! ^= 1
    const answer = await forward(targetPort, request, body)
    if (answer === undefined || (fault?.kind === 'reset' && fault.when === 'answered'))
      return void socket.resetAndDestroy()
    await answerWith(answer, response, fault)
  }
}

interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}

/** What the server says; undefined when it breaks the connection off. */
function forward(port: number, { method, url, headers }: IncomingMessage, body: Buffer): Promise<Answer | undefined> {
  return new Promise(resolve => {
    const upstream = httpRequest({ host: '127.0.0.1', port, method, path: url, headers }, async incoming => {
      const chunks: Buffer[] = []
      try {
        for await (const chunk of incoming) chunks.push(chunk as Buffer)
      } catch {
        return resolve(undefined)
      }
      resolve({ status: incoming.statusCode ?? 500, headers: incoming.headers, body: Buffer.concat(chunks) })
    })
    upstream.on('error', () => resolve(undefined))
    upstream.end(body)
  })
}

async function answerWith(answer: Answer, response: ServerResponse, fault: Fault | undefined): Promise<void> {
  const { status, headers, body } = answer
  response.writeHead(status, headers)
  if (fault?.kind === 'truncated' || (fault?.kind === 'reset' && fault.when === 'answer')) {
    const { socket } = response
    response.flushHeaders()
    response.write(body.subarray(0, body.length >> 1), () => {
      if (fault.kind === 'truncated') socket?.end()
      else socket?.resetAndDestroy()
    })
    return
  }
  if (fault?.kind !== 'slow') return void response.end(body)
  const pieceBytes = Math.ceil(body.length / 4) || 1
  for (let at = 0; at < body.length; at += pieceBytes) {
    await delay(fault.pauseMs)
    response.write(body.subarray(at, at + pieceBytes))
  }
  response.end()
}

function refuse({ method }: IncomingMessage, response: ServerResponse, fault: Fault & { kind: 'refusal' }): void {
  const body = xmlDocument('Error', { Code: fault.code, Message: 'on purpose' })
  response.writeHead(fault.status, { 'content-type': 'application/xml', ...fault.headers })
  response.end(method === 'HEAD' ? undefined : body)
}
