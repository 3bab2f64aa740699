import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import type { WireError } from '../../../engine/contract/errors.ts'
import type { Machine } from './machine.ts'

const node = '/usr/lib/holdfast/node_modules/.bin/node'
const folder = '/usr/lib/holdfast/test/privileges/machine'

export interface Reply {
  value?: Record<string, unknown>
  error?: WireError
}

/** A user's program that has a connection to the service. */
export class Program {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #reader: Interface
  /** Its process number, there. */
  readonly pid: string

  private constructor(child: ChildProcess, reader: Interface, lines: AsyncIterator<string>, pid: string) {
    this.#child = child
    this.#reader = reader
    this.#lines = lines
    this.pid = pid
  }

  /** Starts it for a user who sits at the computer, or who has no session there. */
  static async start(machine: Machine, user: string, place: 'seat' | 'nowhere' = 'seat'): Promise<Program> {
    const child = machine.spawn(user, place, [node, `${folder}/client.ts`])
    let complaint = ''
    child.stderr?.on('data', text => (complaint += text))
    const reader = createInterface({ input: child.stdout! })
    const lines = reader[Symbol.asyncIterator]()
    const first = await lines.next()
    if (first.done) throw new Error(`The program of ${user} ended: ${complaint}`)
    return new Program(child, reader, lines, first.value)
  }

  /** Sends a request and waits for its reply. */
  async ask(request: Record<string, unknown>): Promise<Reply> {
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`)
    const line = await this.#lines.next()
    if (line.done) throw new Error('The service closed the connection.')
    return JSON.parse(line.value)
  }

  async end(): Promise<void> {
    const closed = once(this.#child, 'close')
    this.#child.stdin?.end()
    this.#reader.resume()
    await closed
  }
}
