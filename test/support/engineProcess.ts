import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { HoldfastError, type WireError } from '../../engine/contract/errors.ts'
import type { Session } from '../../engine/engineApi.ts'
import type { Secret } from '../../engine/repository/keySlots.ts'

const driver = fileURLToPath(new URL('./engineDriver.ts', import.meta.url))

type Line =
  | { ready: string }
  | { begin: string }
  | { done: string; result: unknown }
  | { failed: string; error: WireError }
type Method = Exclude<keyof Session, 'repositoryId' | 'url' | 'close'>

/** What a process said of one call: its result, or nothing when it died before it had one. */
export interface Report<T> {
  result: T | undefined
}

/** A process of its own that works with a repository; see engineDriver.ts. */
export class EngineProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #lines: Line[] = []
  readonly #exited: Promise<unknown>
  #stderr = ''
  #isGone = false
  #wake: () => void = () => undefined

  private constructor(child: ChildProcessByStdio<Writable, Readable, Readable>) {
    this.#child = child
    createInterface({ input: child.stdout }).on('line', line => {
      this.#lines.push(JSON.parse(line) as Line)
      this.#wake()
    })
    child.stderr.on('data', data => {
      this.#stderr += String(data)
    })
    // A killed process takes no more requests.
    child.stdin.on('error', () => undefined)
    this.#exited = once(child, 'close').then(() => {
      this.#isGone = true
      this.#wake()
    })
  }

  /** Starts a process; it opens the repository at once, and is ready for calls when `ready` resolves. */
  static start(options: { url: string; stateDir: string; secret: Secret & { kind: 'keyfile' } }): EngineProcess {
    const config = { ...options, secret: Buffer.from(options.secret.content).toString('hex') }
    const child = spawn(process.execPath, [driver, JSON.stringify(config)], { stdio: ['pipe', 'pipe', 'pipe'] })
    return new EngineProcess(child)
  }

  async ready(): Promise<void> {
    if (!(await this.#next())) throw new Error(`The process did not start: ${this.#stderr}`)
  }

  /** Calls a method of the session; resolves when it has begun, with a promise of what comes of it. */
  async begin<M extends Method>(
    method: M,
    ...args: Parameters<Session[M]>
  ): Promise<{ report: Promise<Report<Awaited<ReturnType<Session[M]>>>> }> {
    const hexed = JSON.stringify({ method, args }, (_, value) => {
      const bytes = (value as { type?: string; data?: number[] } | null)?.type === 'Buffer'
      return bytes ? { $hex: Buffer.from((value as { data: number[] }).data).toString('hex') } : value
    })
    this.#child.stdin.write(`${hexed}\n`)
    await this.#next()
    return { report: this.#settled() as Promise<Report<Awaited<ReturnType<Session[M]>>>> }
  }

  /** Calls a method and waits for it; fails as it does, or when the process dies. */
  async call<M extends Method>(method: M, ...args: Parameters<Session[M]>): Promise<Awaited<ReturnType<Session[M]>>> {
    const { result } = await (await this.begin(method, ...args)).report
    if (result === undefined) throw new Error(`The process died during ${method}: ${this.#stderr}`)
    return result
  }

  /** SIGKILL; resolves when the process is gone and everything that it said was taken in. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  /** SIGSTOP and SIGCONT. */
  pause(): void {
    this.#child.kill('SIGSTOP')
  }

  goOn(): void {
    this.#child.kill('SIGCONT')
  }

  /** Lets it end by itself. */
  async end(): Promise<void> {
    this.#child.stdin.end()
    await this.#exited
    if (this.#child.exitCode !== 0) throw new Error(`The process ended badly: ${this.#stderr}`)
  }

  async #settled(): Promise<Report<unknown>> {
    const line = await this.#next()
    if (line && 'failed' in line) throw HoldfastError.fromWire(line.error)
    return { result: line && 'done' in line ? line.result : undefined }
  }

  /** The next line; undefined when the process is gone and has said all. */
  async #next(): Promise<Line | undefined> {
    while (this.#lines.length === 0 && !this.#isGone) {
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
    return this.#lines.shift()
  }
}
