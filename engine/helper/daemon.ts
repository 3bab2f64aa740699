import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { systemClock } from '../base/clock.ts'
import { HoldfastError } from '../contract/errors.ts'
import { helperContract } from '../contract/helperContract.ts'
import { createRpcServer, type RpcServer } from '../rpc/server.ts'
import { serveStdio } from '../rpc/stdio.ts'
import { listenUnix, lockUnix } from '../rpc/unixServer.ts'
import { AuditTrail } from './access/audit.ts'
import { auditingAuthoriser } from './access/auditing.ts'
import type { Authoriser } from './access/authoriser.ts'
import { authoriserFor } from './access/choose.ts'
import { Erasing } from './access/erasing.ts'
import { RotatingFile } from './access/rotatingFile.ts'
import { askingBrowseCalls, browsedVersion } from './files/browsed.ts'
import { helperHandlers, helperTopics } from './handlers.ts'
import { Helper } from './helper.ts'
import type { HelperOptions } from './helperOptions.ts'
import { socketOf } from './socket.ts'
import { lockState } from './stateLock.ts'

export interface DaemonOptions extends Omit<HelperOptions, 'mode' | 'erasing'> {
  /** Name and version of the program. */
  program: string
  /** Who may do what; by the user of this process unless given. */
  authoriser?: Authoriser
  /** Ends it. */
  signal: AbortSignal
  /** Also ends by itself, once nothing is due or running any more. */
  untilIdle?: boolean
  /** The last moment to ask it something. */
  ending?: (helper: Helper) => void
  /**
   * Serves these streams alone and ends when they end; no socket appears. Whoever holds the other ends may do everything: they
   * could start this process, so they are its user, or somebody to whom polkit has given that right (pkexec).
   */
  stdio?: { input: Readable; output: Writable }
  /** It takes calls now. */
  ready?: (place: string) => void
}

/** Those that the contract says do. */
const eraseCalls: ReadonlySet<string> = new Set(
  Object.entries(helperContract.calls).flatMap(([name, { access }]) => (access === 'erase' ? [name] : [])),
)

/**
 * Runs the helper until the signal fires, and then ends it in order: no new calls, runs broken off where the next can go on,
 * drives let go. helper.alreadyRunning when there is one already, of either kind, with the same state or run folder.
 */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { logger, program, runDir, stateDir } = options
  const clock = options.clock ?? systemClock
  const uid = process.geteuid?.() ?? 0
  await mkdir(runDir, { recursive: true, mode: 0o755 })
  await chmod(runDir, 0o755)
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  const file = (name: string) => new RotatingFile({ path: join(stateDir, name), maxBytes: 1024 * 1024, keep: 4 })
  const trail = new AuditTrail({ erases: file('erases.log'), denials: file('denials.log'), clock, logger })
  const authoriser = auditingAuthoriser(options.authoriser ?? authoriserFor(uid), { trail, logger })
  // The lock first: of two helpers only one gets further, and only that one touches the jobs.
  const state = await lockState(stateDir)
  try {
    const erasing = new Erasing({ authoriser, trail })
    const helper = await Helper.open({ ...options, clock, erasing, mode: uid === 0 ? 'system' : 'user' })
    try {
      const serves = { calls: helperHandlers(helper, program), topics: helperTopics(helper) }
      const server = createRpcServer(helperContract, serves, {
        program,
        clock,
        log: logger,
        async authorise(peer, level, name, input, asked) {
          if (peer.transport === 'stdio') return
          if (!peer.process) throw new HoldfastError('access.denied', 'It cannot be told who asks.')
          // Their handlers ask (access/erasing.ts), once the plan has told them what is lost.
          if (level === 'erase' && eraseCalls.has(name)) return
          if (level === 'erase') throw new HoldfastError('internal.bug', `${name} is no call that erases.`)
          if (level === 'browse' && askingBrowseCalls.has(name)) return
          const details = level === 'browse' ? { version: await browsedVersion(helper, input) } : {}
          await authoriser.authorise(peer.process, level, details, true, asked)
        },
      })
      // Another one may have this run folder: nothing runs and nothing is mounted before the door is ours.
      const door = await openDoor(server, options)
      try {
        await helper.start()
        logger.info('the helper is ready', { place: door.place })
        options.ready?.(door.place)
        await untilOver(helper, door, options)
        logger.info('the helper is ending')
        options.ending?.(helper)
      } finally {
        await door.close()
        await server.close()
      }
    } finally {
      await helper.stop()
    }
  } finally {
    await state.close()
  }
}

async function untilOver(helper: Helper, door: Door, { signal, untilIdle }: DaemonOptions): Promise<void> {
  const told = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => told.resolve(), { once: true })
  if (signal.aborted) told.resolve()
  const idle = untilIdle ? [helper.supervisor.idle(signal)] : []
  await Promise.race([told.promise, door.deserted, ...idle])
}

/** Where clients come in. */
interface Door {
  /** For people. */
  place: string
  /** Resolves when no client can come any more. */
  deserted: Promise<void>
  close(): Promise<void>
}

async function openDoor(server: RpcServer, { runDir, stdio, logger }: DaemonOptions): Promise<Door> {
  const socket = socketOf(runDir)
  if (!stdio) {
    const listener = await listenUnix(server, { path: socket, mode: 0o666, log: logger })
    return { place: socket, deserted: new Promise(() => {}), close: () => listener.close() }
  }
  // Mounts and the health file are in the run folder, so a helper there with another state folder would be in the way, too.
  const lock = await lockUnix(socket)
  const deserted = serveStdio(server, stdio)
  return { place: 'standard input and output', deserted, close: () => lock.close() }
}
