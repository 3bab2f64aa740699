import { chmod, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { systemClock } from '../base/clock.ts'
import { HoldfastError } from '../contract/errors.ts'
import { helperContract } from '../contract/helperContract.ts'
import { createRpcServer } from '../rpc/server.ts'
import { listenUnix } from '../rpc/unixServer.ts'
import { AuditTrail } from './access/audit.ts'
import { auditingAuthoriser } from './access/auditing.ts'
import type { Authoriser } from './access/authoriser.ts'
import { authoriserFor } from './access/choose.ts'
import { RotatingFile } from './access/rotatingFile.ts'
import { helperHandlers, helperTopics } from './handlers.ts'
import { Helper, type HelperOptions } from './helper.ts'
import { socketOf } from './socket.ts'

export interface DaemonOptions extends Omit<HelperOptions, 'mode'> {
  /** Name and version of the program. */
  program: string
  /** Who may do what; by the user of this process unless given. */
  authoriser?: Authoriser
  /** Ends it. */
  signal: AbortSignal
  /** It takes calls now. */
  ready?: (socket: string) => void
}

/**
 * Runs the helper until the signal fires, and then ends it in order: no new calls, runs broken off where the next can go on,
 * drives let go. helper.alreadyRunning when there is one already.
 */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { logger, program, signal, runDir, stateDir } = options
  const clock = options.clock ?? systemClock
  const uid = process.geteuid?.() ?? 0
  await mkdir(runDir, { recursive: true, mode: 0o755 })
  await chmod(runDir, 0o755)
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  const file = (name: string) => new RotatingFile({ path: join(stateDir, name), maxBytes: 1024 * 1024, keep: 4 })
  const trail = new AuditTrail({ erases: file('erases.log'), denials: file('denials.log'), clock, logger })
  const authoriser = auditingAuthoriser(options.authoriser ?? authoriserFor(uid), { trail, logger })
  // The socket first: of two helpers only one gets further, and only that one touches the jobs.
  let helper: Helper | undefined
  const socket = socketOf(runDir)
  const server = createRpcServer(
    helperContract,
    lazily(() => helper, program),
    {
      program,
      clock,
      log: logger,
      async authorise(peer, level, _name, _input, asked) {
        if (!peer.process) throw new HoldfastError('access.denied', 'It cannot be told who asks.')
        if (level === 'erase' || level === 'browse') {
          throw new HoldfastError('internal.bug', 'Such calls decide for themselves.')
        }
        await authoriser.authorise(peer.process, level, {}, true, asked)
      },
    },
  )
  await mkdir(dirname(socket), { recursive: true })
  const listener = await listenUnix(server, { path: socket, mode: 0o666, log: logger })
  try {
    helper = await Helper.open({ ...options, clock, mode: uid === 0 ? 'system' : 'user' })
    await helper.start()
    logger.info('the helper is ready', { socket })
    options.ready?.(socket)
    if (!signal.aborted) await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
    logger.info('the helper is ending')
  } finally {
    await listener.close()
    await server.close()
    await helper?.stop()
  }
}

/** Handlers and topics of a helper that may not be open yet: who connects early is asked to come again. */
function lazily(helper: () => Helper | undefined, program: string) {
  const opened = <T>(make: (helper: Helper) => T): (() => T) => {
    let made: T | undefined
    return () => {
      const present = helper()
      if (!present) {
        throw new HoldfastError('helper.busy', 'The background service is just starting.', {
          advice: 'Try again in a moment.',
          retryable: true,
        })
      }
      made ??= make(present)
      return made
    }
  }
  const handlers = opened(present => helperHandlers(present, program))
  const topics = opened(helperTopics)
  const calls = new Proxy(
    {},
    { get: (_, name) => (input: never, context: never) => call(handlers(), name, input, context) },
  )
  const sources = new Proxy(
    {},
    {
      get:
        (_, name) =>
        (...given: never[]) =>
          call(topics(), name, ...given),
    },
  )
  return {
    calls: calls as ReturnType<typeof helperHandlers>,
    topics: sources as ReturnType<typeof helperTopics>,
  }
}

const call = (table: object, name: string | symbol, ...given: unknown[]): unknown =>
  (table as Record<string | symbol, (...given: unknown[]) => unknown>)[name]!(...given)
