import { Agent, type IncomingMessage, request } from 'node:http'
import { HoldfastError } from '../../contract/errors.ts'
import type { Range } from '../storage.ts'
import { RcloneFailure, RcloneLost } from './failures.ts'
import { type RcloneProcess, type RcloneProcessOptions, startRclone } from './process.ts'

/** What a piece of an object says of the whole. */
export interface Piece {
  data: Buffer
  /** Of the whole object. */
  sizeBytes: number
}

/**
 * Calls to rclone (https://rclone.org/rc). It is started with the first one, and again when it has ended. Failures are
 * RcloneFailure and RcloneLost.
 */
export class RemoteControl {
  readonly #options: RcloneProcessOptions
  readonly #agent = new Agent({ keepAlive: true })
  #process: Promise<RcloneProcess> | undefined
  #closed = false

  constructor(options: RcloneProcessOptions) {
    this.#options = options
  }

  /** Calls a method with parameters that become JSON, and gives its answer. */
  async call<T>(method: string, parameters: Record<string, unknown>, signal?: AbortSignal): Promise<T> {
    const body = Buffer.from(JSON.stringify(parameters))
    const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length }
    const response = await this.#send('POST', `/${method}`, headers, body, signal)
    const text = (await contentOf(response)).toString()
    if (response.statusCode === 200) return JSON.parse(text) as T
    throw failureOf(text, response.statusCode)
  }

  /** Reads an object or a range of it; undefined when there is none. The piece is shorter when the object ends before. */
  async read(
    fs: string,
    name: string,
    range: Range | undefined,
    options: { signal?: AbortSignal | undefined; room?: ArrayBuffer | undefined },
  ): Promise<Piece | undefined> {
    const path = `/${encodeURIComponent(`[${fs}]`)}/${name}`
    const headers = range === undefined ? {} : { Range: `bytes=${range.offset}-${range.offset + range.length - 1}` }
    const response = await this.#send('GET', path, headers, undefined, options.signal)
    const { statusCode } = response
    if (statusCode !== 200 && statusCode !== 206) {
      const failure = failureOf((await contentOf(response)).toString(), statusCode)
      if (statusCode === 404) return undefined
      throw failure
    }
    // What remotes of unknown sizes leave out, no repository can be kept in.
    const length = Number(response.headers['content-length'] ?? Number.NaN)
    const whole = /\/(\d+)$/.exec(response.headers['content-range'] ?? '')?.[1]
    if (!Number.isSafeInteger(length) || (statusCode === 206 && whole === undefined)) {
      response.destroy()
      throw new RcloneFailure('it does not tell the size', 500)
    }
    return {
      data: await filled(response, length, options.room),
      sizeBytes: whole === undefined ? length : Number(whole),
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#agent.destroy()
    const running = await this.#process?.catch(() => undefined)
    await running?.stop()
  }

  async #running(): Promise<RcloneProcess> {
    if (this.#closed) throw new HoldfastError('internal.bug', `The storage at ${this.#options.url} is already closed.`)
    const before = this.#process
    const running = await before?.catch(() => undefined)
    if (running && !running.hasEnded) return running
    if (this.#process === before) this.#process = startRclone(this.#options)
    return this.#process!
  }

  async #send(
    method: string,
    path: string,
    headers: Record<string, string | number>,
    body: Buffer | undefined,
    signal: AbortSignal | undefined,
  ): Promise<IncomingMessage> {
    const running = await this.#running()
    try {
      return await this.#sendTo(running, { method, path, headers, body, signal })
    } catch (error) {
      // Nobody listens any more: it has died, even if that was not told yet, and nothing was sent.
      if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') throw lost(error)
      await running.stop()
      return await this.#sendTo(await this.#running(), { method, path, headers, body, signal }).catch(error => {
        throw lost(error)
      })
    }
  }

  #sendTo(
    { port, authorization }: RcloneProcess,
    { method, path, headers, body, signal }: Sent,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: '127.0.0.1',
          port,
          method,
          path,
          headers: { ...headers, Authorization: authorization },
          agent: this.#agent,
          ...(signal && { signal }),
        },
        resolve,
      )
      sent.on('error', reject)
      sent.end(body)
    })
  }
}

interface Sent {
  method: string
  path: string
  headers: Record<string, string | number>
  body: Buffer | undefined
  signal: AbortSignal | undefined
}

const lost = (error: unknown) => new RcloneLost((error as Error).message, { cause: error })

async function contentOf(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer)
  } catch (error) {
    throw new RcloneLost((error as Error).message, { cause: error })
  }
  return Buffer.concat(chunks)
}

/** The content, which must be as long as was said. */
async function filled(response: IncomingMessage, length: number, room: ArrayBuffer | undefined): Promise<Buffer> {
  const data =
    room !== undefined && room.byteLength >= length ? Buffer.from(room, 0, length) : Buffer.allocUnsafeSlow(length)
  let done = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunk.copy(data, done)
      done += chunk.length
    }
  } catch (error) {
    throw new RcloneFailure(`unexpected EOF: ${(error as Error).message}`, 500)
  }
  if (done !== length) throw new RcloneFailure('unexpected EOF', 500)
  return data
}

function failureOf(text: string, status = 500): RcloneFailure {
  try {
    const { error } = JSON.parse(text) as { error?: unknown }
    return new RcloneFailure(String(error), status)
  } catch {
    return new RcloneFailure(text.slice(0, 200).trim(), status)
  }
}
