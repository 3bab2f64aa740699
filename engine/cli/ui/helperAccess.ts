import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import { HoldfastError, isHoldfastError } from '../../contract/errors.ts'
import { helperContract } from '../../contract/helperContract.ts'
import { socketOf } from '../../helper/socket.ts'
import type { Channel } from '../../rpc/channel.ts'
import { connectClient } from '../../rpc/client.ts'
import { openUnixChannel } from '../../rpc/unixClient.ts'
import { runDirOf, systemRunDir } from '../helperClient.ts'
import type { Person } from '../stateDir.ts'

export interface HelperAccessOptions {
  env: Readonly<Record<string, string | undefined>>
  person: Person
  stateDir: string
  /** Version of this program. */
  program: string
}

/** What became of a helper that was started for the app. */
export type Farewell = { kind: 'not-ours' } | { kind: 'ended' } | { kind: 'left-running'; pid: number }

const startMs = 30_000
const lookMs = 50

/**
 * The helper that the app in a browser talks to: the service of this computer where it runs and can be trusted; else that of this
 * person, which is started as a process of its own when there is none.
 */
export class HelperAccess {
  readonly #options: HelperAccessOptions
  readonly #ownDir: string
  #dir: string | undefined
  #child: ChildProcess | undefined
  #starting: Promise<void> | undefined

  constructor(options: HelperAccessOptions) {
    this.#options = options
    this.#ownDir = runDirOf(options.env, options.person, options.stateDir)
  }

  /** A new connection. Fails as openUnixChannel does, and with `helper.unreachable` when a helper could not be started. */
  async open(): Promise<Channel> {
    this.#dir ??= await this.#choose()
    try {
      return await this.#channel(this.#dir)
    } catch (error) {
      if (this.#dir !== this.#ownDir || !isAbsent(error)) throw error
    }
    // Pages that come at the same time wait for the same one.
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined
    })
    await this.#starting
    return this.#channel(this.#dir)
  }

  /** Ends a helper that was started here and has no run under way. */
  async close(): Promise<Farewell> {
    await this.#starting?.catch(() => {})
    const child = this.#child
    if (child?.pid === undefined || !isAlive(child)) return { kind: 'not-ours' }
    if (await this.#isRunning()) return { kind: 'left-running', pid: child.pid }
    if (!isAlive(child)) return { kind: 'ended' }
    child.ref()
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
    return { kind: 'ended' }
  }

  /** The service, unless there is none or its socket is not safe. Decided once: a service that restarts is waited for. */
  async #choose(): Promise<string> {
    if (this.#options.env.HOLDFAST_RUN_DIR || this.#ownDir === systemRunDir) return this.#ownDir
    try {
      const channel = await this.#channel(systemRunDir)
      channel.destroy()
      return systemRunDir
    } catch (error) {
      const isThere = !isHoldfastError(error, 'helper.untrusted') && !isAbsent(error)
      return isThere ? systemRunDir : this.#ownDir
    }
  }

  #channel(dir: string): Promise<Channel> {
    const { uid } = this.#options.person
    const trustedUids = uid === undefined || dir === systemRunDir ? [] : [uid]
    return openUnixChannel({ path: socketOf(dir), trustedUids })
  }

  async #start(): Promise<void> {
    const { env, stateDir } = this.#options
    await mkdir(stateDir, { recursive: true, mode: 0o700 })
    const logPath = join(stateDir, 'helper.log')
    const log = await open(logPath, 'w', 0o600)
    let child: ChildProcess
    try {
      const program = join(import.meta.dirname, '../main.ts')
      child = spawn(process.execPath, [...process.execArgv, program, 'daemon'], {
        // One heap for all threads, as bin/holdfast starts a helper.
        env: { MALLOC_ARENA_MAX: '1', ...env },
        // Ctrl-C in the terminal is for this program, which decides about the helper.
        detached: true,
        stdio: ['ignore', 'ignore', log.fd],
      })
    } finally {
      await log.close()
    }
    this.#child = child
    child.unref()
    const failed = new Promise<never>((_resolve, reject) => {
      child.once('error', error => reject(notStarted(logPath, error.message)))
    })
    failed.catch(() => {})
    await Promise.race([failed, this.#untilThere(child, logPath)])
  }

  async #untilThere(child: ChildProcess, logPath: string): Promise<void> {
    const last = systemClock.monotonic() + startMs
    for (;;) {
      const wasAlive = isAlive(child)
      try {
        ;(await this.#channel(this.#ownDir)).destroy()
        return
      } catch (error) {
        if (!isAbsent(error)) throw error
      }
      // Asked before the door was tried: another one may have been first, and then the door is open.
      if (!wasAlive) throw notStarted(logPath, await lastLine(logPath))
      if (systemClock.monotonic() > last) throw notStarted(logPath, 'it does not answer')
      await systemClock.sleep(lookMs)
    }
  }

  /** Whether a run is under way; a helper that cannot say so is better left alone. */
  async #isRunning(): Promise<boolean> {
    try {
      const channel = await this.#channel(this.#ownDir)
      const client = await connectClient(helperContract, channel, {
        program: this.#options.program,
        clock: systemClock,
      })
      try {
        const { runs } = await client.call('runs.list', { limit: 200 })
        return runs.some(({ state }) => state === 'running')
      } finally {
        client.close()
      }
    } catch {
      return true
    }
  }
}

const isAlive = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null

/** Nobody listens there; a helper may be started. */
const isAbsent = (error: unknown): boolean =>
  isHoldfastError(error, 'helper.unreachable') &&
  ['ENOENT', 'ECONNREFUSED', 'ENOTDIR'].includes(String(error.details.cause))

async function lastLine(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.trim().split('\n').at(-1)?.slice(0, 500) || 'it ended without a reason'
}

function notStarted(logPath: string, why: string): HoldfastError {
  return new HoldfastError('helper.unreachable', `The background service could not be started: ${why}`, {
    advice: `Read ${logPath}, or run "holdfast daemon" to see more.`,
    details: { logPath },
    retryable: true,
  })
}
