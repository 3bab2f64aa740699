import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import type { WireError } from '../../../engine/contract/errors.ts'
import type { HelperContract } from '../../../engine/contract/helperContract.ts'
import type { CallInput, CallName, CallOutput } from '../../../engine/contract/rpcContract.ts'
import type { Machine } from './machine.ts'

const node = '/usr/lib/holdfast/node_modules/.bin/node'
const folder = '/usr/lib/holdfast/test/privileges/machine'

export interface Reply<Value = Record<string, unknown>> {
  value?: Value
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

  /**
   * Starts it for a user who sits at the computer, or who has no session there. It is client.ts unless another of these
   * files, with arguments, is given.
   */
  static async start(
    machine: Machine,
    user: string,
    place: 'seat' | 'nowhere' = 'seat',
    script: readonly string[] = ['client.ts'],
  ): Promise<Program> {
    const child = machine.spawn(user, place, ['env', `--chdir=${folder}`, node, ...script])
    let complaint = ''
    child.stderr?.on('data', text => (complaint += text))
    const reader = createInterface({ input: child.stdout! })
    const lines = reader[Symbol.asyncIterator]()
    const first = await lines.next()
    if (first.done) {
      if (child.exitCode === null) await once(child, 'close')
      throw new Error(`The program of ${user} ended with ${child.exitCode}: ${complaint}`)
    }
    return new Program(child, reader, lines, first.value)
  }

  /** Makes a call of the contract. */
  call<Name extends CallName<HelperContract>>(
    name: Name,
    input: CallInput<HelperContract, Name>,
  ): Promise<Reply<CallOutput<HelperContract, Name>>> {
    return this.ask({ name, input }) as Promise<Reply<CallOutput<HelperContract, Name>>>
  }

  /** Makes a call that must succeed. */
  async must<Name extends CallName<HelperContract>>(
    name: Name,
    input: CallInput<HelperContract, Name>,
  ): Promise<CallOutput<HelperContract, Name>> {
    const { value, error } = await this.call(name, input)
    if (value === undefined)
      throw new Error(`${name}: ${error?.code} ${error?.message} ${JSON.stringify(error?.details)}`)
    return value
  }

  /** Sends any request and waits for its reply. */
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
