import { EventEmitter } from 'node:events'
import type { Loose } from './loose.ts'

interface Waiting {
  resolve: (result: Loose) => void
  reject: (error: Error) => void
}

/** The DevTools protocol over Node's own WebSocket, with sessions told apart by their ids. */
export class Cdp {
  readonly root: CdpSession
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, Waiting>()
  readonly #sessions = new Map<string, CdpSession>()
  #lastId = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    this.root = this.session('')
    socket.onmessage = event => this.#take(JSON.parse(String(event.data)))
    socket.onclose = () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('browser closed'))
      this.#waiting.clear()
    }
  }

  static async connect(url: string): Promise<Cdp> {
    const socket = new WebSocket(url)
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve()
      socket.onerror = () => reject(new Error(`cannot reach ${url}`))
    })
    return new Cdp(socket)
  }

  send(method: string, params: Loose = {}, sessionId = ''): Promise<Loose> {
    if (this.#socket.readyState !== WebSocket.OPEN) return Promise.reject(new Error('browser closed'))
    const id = ++this.#lastId
    this.#socket.send(JSON.stringify({ id, method, params, ...(sessionId === '' ? {} : { sessionId }) }))
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
  }

  session(id: string): CdpSession {
    const session = new CdpSession(this, id)
    this.#sessions.set(id, session)
    return session
  }

  #take(message: Loose): void {
    if (message.id === undefined) {
      this.#sessions.get(message.sessionId ?? '')?.emit(message.method, message.params)
      return
    }
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if (message.error) waiting?.reject(new Error(message.error.message))
    else waiting?.resolve(message.result)
  }
}

export class CdpSession extends EventEmitter {
  readonly #cdp: Cdp
  readonly #id: string

  constructor(cdp: Cdp, id: string) {
    super()
    this.#cdp = cdp
    this.#id = id
  }

  send(method: string, params: Loose = {}): Promise<Loose> {
    return this.#cdp.send(method, params, this.#id)
  }
}
