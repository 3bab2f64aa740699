import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/**
 * A client of the NBD protocol for tests, written from the protocol document and not from the server. It can say what no decent
 * client says.
 */

export interface OptionReply {
  type: number
  data: Buffer
}

/** A chunk of a structured reply. */
export interface Chunk {
  flags: number
  type: number
  payload: Buffer
}

export interface Reply {
  /** 0, or the error's number. */
  error: number
  message: string
  /** Where a structured error says that it is. */
  errorOffset: number | undefined
  /** What was read, put together; bytes that no chunk covers are 0xee. */
  data: Buffer
  chunks: Chunk[]
  isStructured: boolean
}

export interface Request {
  command: number
  flags?: number
  offset?: number | bigint
  length?: number
  payload?: Uint8Array
}

interface Pending {
  request: Request
  chunks: Chunk[]
  resolve: (reply: Reply) => void
  reject: (error: Error) => void
}

export const u16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}
export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
export const u64 = (value: number | bigint): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}
export const text = (words: string): Buffer => Buffer.concat([u32(Buffer.byteLength(words)), Buffer.from(words)])

/** Head and data of an option. */
export const optionBytes = (option: number, data: Uint8Array = Buffer.alloc(0), length = data.length): Buffer =>
  Buffer.concat([Buffer.from('IHAVEOPT'), u32(option), u32(length), data])

export const infoData = (name: string, infos: readonly number[] = []): Buffer =>
  Buffer.concat([text(name), u16(infos.length), ...infos.map(u16)])

export const contextData = (name: string, queries: readonly string[]): Buffer =>
  Buffer.concat([text(name), u32(queries.length), ...queries.map(text)])

export const requestBytes = (handle: number | bigint, request: Request): Buffer =>
  Buffer.concat([
    u32(0x25609513),
    u16(request.flags ?? 0),
    u16(request.command),
    u64(handle),
    u64(request.offset ?? 0),
    u32(request.length ?? request.payload?.length ?? 0),
    request.payload ?? Buffer.alloc(0),
  ])

export class NbdClient {
  socket: Socket
  #bytes = Buffer.alloc(0)
  #isOver = false
  #wake: (() => void) | undefined
  readonly #pending = new Map<bigint, Pending>()
  #nextHandle = 1n
  isStructured = false
  sizeBytes = 0
  flags = 0
  /** Resolves when the connection has ended, from whichever side. */
  readonly closed: Promise<void>

  private constructor(socket: Socket) {
    this.socket = socket
    this.closed = new Promise(resolve => socket.on('close', () => resolve()))
    this.#listen()
  }

  static async open(place: string | { port: number }): Promise<NbdClient> {
    const socket = typeof place === 'string' ? connect(place) : connect(place.port, '127.0.0.1')
    const client = new NbdClient(socket)
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    return client
  }

  /** Connected and greeted, at the point where options come. */
  static async greeted(place: string | { port: number }, flags = 3): Promise<NbdClient> {
    const client = await NbdClient.open(place)
    const greeting = await client.take(18)
    if (greeting.toString('latin1', 0, 16) !== 'NBDMAGICIHAVEOPT') throw new Error('no greeting of NBD')
    client.send(u32(flags))
    return client
  }

  /** In transmission with an export. */
  static async attached(
    place: string | { port: number },
    name = '',
    { structured = true, contexts = true } = {},
  ): Promise<NbdClient> {
    const client = await NbdClient.greeted(place)
    if (structured) await client.structured()
    if (structured && contexts) await client.option(10, contextData(name, ['base:allocation']))
    await client.go(name)
    return client
  }

  send(bytes: Uint8Array): void {
    this.socket.write(bytes)
  }

  /** Exactly so many bytes; rejects when the connection ends before. */
  async take(length: number): Promise<Buffer> {
    while (this.#bytes.length < length) {
      if (this.#isOver) throw new Error(`the connection ended ${length - this.#bytes.length} bytes too early`)
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
    const taken = this.#bytes.subarray(0, length)
    this.#bytes = this.#bytes.subarray(length)
    return taken
  }

  /** Sends an option and takes its replies, up to the acknowledgement or an error. */
  async option(option: number, data: Uint8Array = Buffer.alloc(0)): Promise<OptionReply[]> {
    this.send(optionBytes(option, data))
    return await this.optionReplies(option)
  }

  async optionReplies(option: number): Promise<OptionReply[]> {
    const replies: OptionReply[] = []
    for (;;) {
      const head = await this.take(20)
      if (head.readBigUInt64BE(0) !== 0x3e889045565a9n) throw new Error('no reply to an option')
      if (head.readUInt32BE(8) !== option) throw new Error(`the reply is to option ${head.readUInt32BE(8)}`)
      const type = head.readUInt32BE(12)
      replies.push({ type, data: await this.take(head.readUInt32BE(16)) })
      if (type === 1 || type >= 2 ** 31) return replies
    }
  }

  async structured(): Promise<void> {
    const [reply] = await this.option(8)
    if (reply?.type !== 1) throw new Error('structured replies were refused')
    this.isStructured = true
  }

  async go(name: string): Promise<void> {
    const replies = await this.option(7, infoData(name))
    const info = replies.find(({ type, data }) => type === 3 && data.readUInt16BE(0) === 0)
    if (info === undefined || replies.at(-1)?.type !== 1) {
      throw new Error(`GO was refused: ${replies.at(-1)?.data.toString()}`)
    }
    this.sizeBytes = Number(info.data.readBigUInt64BE(2))
    this.flags = info.data.readUInt16BE(10)
    this.receive()
  }

  async startTls(ca: string): Promise<void> {
    const [reply] = await this.option(5)
    if (reply?.type !== 1) throw new Error('TLS was refused')
    this.socket.removeAllListeners('data')
    const secure = connectTls({ socket: this.socket, ca, servername: 'localhost' })
    await new Promise<void>((resolve, reject) => {
      secure.once('secureConnect', resolve)
      secure.once('error', reject)
    })
    this.socket = secure
    this.#listen()
  }

  /** From here on, replies are taken as they come. */
  receive(): void {
    this.#receive().catch(error => {
      for (const { reject } of this.#pending.values()) reject(error)
      this.#pending.clear()
      // Whatever else is asked gets the same answer.
      this.#isOver = true
    })
  }

  request(request: Request): Promise<Reply> {
    const handle = (0xabcdef01n << 32n) | this.#nextHandle++
    const reply = new Promise<Reply>((resolve, reject) => {
      if (this.#isOver) reject(new Error('the connection has ended'))
      else this.#pending.set(handle, { request, chunks: [], resolve, reject })
    })
    this.send(requestBytes(handle, request))
    return reply
  }

  read = (offset: number, length: number, flags = 0) => this.request({ command: 0, offset, length, flags })
  write = (offset: number, payload: Uint8Array, flags = 0) => this.request({ command: 1, offset, payload, flags })
  flush = () => this.request({ command: 3 })

  /** Extents of a range as [length, flags]. */
  async status(offset: number, length: number, flags = 0): Promise<[number, number][]> {
    const { error, message, chunks } = await this.request({ command: 7, offset, length, flags })
    if (error !== 0) throw new Error(`${error}: ${message}`)
    const { payload } = chunks.find(({ type }) => type === 5)!
    const found: [number, number][] = []
    for (let at = 4; at < payload.length; at += 8) found.push([payload.readUInt32BE(at), payload.readUInt32BE(at + 4)])
    return found
  }

  disconnect(): Promise<void> {
    this.send(requestBytes(0, { command: 2 }))
    return this.closed
  }

  destroy(): Promise<void> {
    this.socket.destroy()
    return this.closed
  }

  #listen(): void {
    const over = () => {
      this.#isOver = true
      this.#wake?.()
    }
    this.socket.on('data', (bytes: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes])
      this.#wake?.()
    })
    this.socket.on('end', over)
    this.socket.on('close', over)
    this.socket.on('error', over)
  }

  async #receive(): Promise<void> {
    for (;;) {
      const magic = (await this.take(4)).readUInt32BE(0)
      if (magic === 0x67446698) await this.#simple()
      else if (magic === 0x668e33ef) await this.#chunk()
      else throw new Error(`0x${magic.toString(16)} begins no reply`)
    }
  }

  async #simple(): Promise<void> {
    const head = await this.take(12)
    const error = head.readUInt32BE(0)
    const { request, resolve } = this.#settled(head.readBigUInt64BE(4))
    const hasData = request.command === 0 && error === 0
    if (request.command === 0 && this.isStructured) throw new Error('a simple reply to a read where none may be')
    const data = hasData ? Buffer.from(await this.take(request.length ?? 0)) : Buffer.alloc(0)
    resolve({ error, message: '', errorOffset: undefined, data, chunks: [], isStructured: false })
  }

  async #chunk(): Promise<void> {
    const head = await this.take(16)
    const [flags, type, handle] = [head.readUInt16BE(0), head.readUInt16BE(2), head.readBigUInt64BE(4)]
    const payload = Buffer.from(await this.take(head.readUInt32BE(12)))
    const pending = this.#pending.get(handle)
    if (!this.isStructured || !pending) throw new Error('a chunk that nobody has asked for')
    pending.chunks.push({ flags, type, payload })
    if ((flags & 1) === 0) return
    this.#settled(handle)
    pending.resolve(assembled(pending.request, pending.chunks))
  }

  #settled(handle: bigint): Pending {
    const pending = this.#pending.get(handle)
    if (!pending) throw new Error(`a reply to ${handle}, which nobody has asked`)
    this.#pending.delete(handle)
    return pending
  }
}

/** Puts a structured reply together as the document wants it; throws where it breaks the rules. */
function assembled(request: Request, chunks: Chunk[]): Reply {
  const start = Number(request.offset ?? 0)
  const length = request.length ?? 0
  // More than that no server gives.
  const data = Buffer.alloc(request.command === 0 && length <= 32 * 1024 * 1024 ? length : 0, 0xee)
  const covered = new Uint8Array(data.length)
  const cover = (offset: number, bytes: number) => {
    const from = offset - start
    if (bytes === 0 || from < 0 || from + bytes > length) throw new Error('a chunk outside of what was asked for')
    if (covered.subarray(from, from + bytes).includes(1)) throw new Error('chunks overlap')
    covered.fill(1, from, from + bytes)
    return from
  }
  let failure: { error: number; message: string; offset: number | undefined } | undefined
  for (const { type, payload } of chunks) {
    if (type === 1) {
      const bytes = payload.subarray(8)
      bytes.copy(data, cover(Number(payload.readBigUInt64BE(0)), bytes.length))
    } else if (type === 2) {
      if (payload.length !== 12) throw new Error('a hole of another size')
      const bytes = payload.readUInt32BE(8)
      const from = cover(Number(payload.readBigUInt64BE(0)), bytes)
      data.fill(0, from, from + bytes)
    } else if (type >= 2 ** 15) {
      const words = payload.readUInt16BE(4)
      failure ??= {
        error: payload.readUInt32BE(0),
        message: payload.toString('utf8', 6, 6 + words),
        offset: type === 2 ** 15 + 2 ? Number(payload.readBigUInt64BE(6 + words)) : undefined,
      }
    } else if (type === 0 && payload.length > 0) throw new Error('nothing that has a length')
  }
  const isWhole = !covered.includes(0)
  if (request.command === 0 && !failure && !isWhole) throw new Error('not all that was asked for')
  return {
    error: failure?.error ?? 0,
    message: failure?.message ?? '',
    errorOffset: failure?.offset,
    data,
    chunks,
    isStructured: true,
  }
}
