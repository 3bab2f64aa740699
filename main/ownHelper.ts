import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Clock } from '../engine/base/clock.ts'
import { HoldfastError } from '../engine/contract/errors.ts'
import { isAbsent } from './absent.ts'
import type { HelperLink } from './helperLink.ts'

export interface OwnHelperOptions {
  /** The `holdfast` command. */
  program: string
  env: NodeJS.ProcessEnv
  /** Takes what the helper says; emptied at each start. */
  logPath: string
  clock: Clock
}

const patienceMs = 30_000
const pauseMs = 100

/** A helper for one person, without rights. It is no child of the app: backups under way go on when the app ends. */
export class OwnHelper {
  readonly #options: OwnHelperOptions

  constructor(options: OwnHelperOptions) {
    this.#options = options
  }

  /** Starts one and connects once it listens. `helper.unreachable` when it ends before that, or takes too long. */
  async start(connect: () => Promise<HelperLink>): Promise<HelperLink> {
    const { clock } = this.#options
    const child = this.#spawn()
    const end = clock.monotonic() + patienceMs
    for (;;) {
      // Asked before the connection is tried: another start may have won, and its helper is as good.
      const how = child.ended()
      try {
        return await connect()
      } catch (error) {
        if (!isAbsent(error)) throw error
        if (how !== undefined) throw this.#notStarted(how)
        if (clock.monotonic() > end) throw this.#notStarted('it does not answer')
      }
      await clock.sleep(pauseMs)
    }
  }

  #spawn(): { ended(): string | undefined } {
    const { program, env, logPath } = this.#options
    mkdirSync(dirname(logPath), { recursive: true, mode: 0o700 })
    const log = openSync(logPath, 'w', 0o600)
    let ended: string | undefined
    try {
      const child = spawn(program, ['daemon'], { env, cwd: '/', detached: true, stdio: ['ignore', log, log] })
      child.on('error', error => {
        ended = error.message
      })
      child.on('exit', (code, signal) => {
        ended = `it ended with ${code === null ? signal : `exit code ${code}`}`
      })
      child.unref()
    } finally {
      closeSync(log)
    }
    return { ended: () => ended }
  }

  #notStarted(why: string): HoldfastError {
    const { program, logPath } = this.#options
    return new HoldfastError('helper.unreachable', `The background service could not be started: ${why}.`, {
      advice: `Look into ${logPath} for the reason.`,
      details: { program, log: logPath },
      retryable: true,
    })
  }
}
