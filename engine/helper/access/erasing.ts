import { startTicksOf } from '../../base/processIdentity.ts'
import { HoldfastError } from '../../contract/errors.ts'
import type { Peer as RpcPeer } from '../../rpc/peer.ts'
import { type AccessDetails, cleanDetails, eraseAction } from './actions.ts'
import type { AuditTrail } from './audit.ts'
import type { Authoriser } from './authoriser.ts'
import { type Peer, type ProcessFacts, processFacts } from './peer.ts'

/** What is going to be lost, in the words of the question that a person is asked. */
export type Erasure =
  | {
      kind: 'disk'
      /** Only what is certainly external. */
      removable: boolean
      /** Model, or the path where there is none. */
      device: string
      /** '' when it has none. */
      serial: string
      /** What is written onto it: a version, for people. */
      version: string
    }
  | { kind: 'version'; version: string }

export interface ErasingDeps {
  /** Writes what it allows and denies to the trail (auditing.ts). */
  authoriser: Authoriser
  trail: AuditTrail
  processFacts?: ProcessFacts
}

/**
 * Asks for permission to destroy something, and writes down what came of it. The server lets calls of level 'erase' pass
 * unasked, because only their handler knows what is lost; such a handler does, in this order:
 *
 *     const plan = plans.take(planId, context.peer)
 *     await helper.erasing.authorise(context.peer, erasure, context.signal)  // nothing was touched yet
 *     …compares with the plan once more, and destroys…
 *     await helper.erasing.record(context.peer, erasure, 'done')            // or 'failed' and the code of the error
 */
export class Erasing {
  readonly #deps: ErasingDeps

  constructor(deps: ErasingDeps) {
    this.#deps = deps
  }

  /**
   * Resolves when the peer may do it, which may take as long as a person needs for a password, and when that has been
   * written to the audit trail. Fails with access.denied, run.cancelled when the signal fires, and storage.failed when it
   * could not be written down; nothing may be destroyed then.
   */
  async authorise(peer: RpcPeer, erasure: Erasure, signal?: AbortSignal): Promise<void> {
    const { authoriser, trail } = this.#deps
    const action = eraseAction(erasure)
    const details = detailsOf(erasure)
    if (peer.transport === 'stdio') {
      // Whoever holds the other end has started this process, and could do everything that it can.
      cleanDetails(action, details)
      await trail.record(this.#entry(peer, erasure, 'allowed'))
      return
    }
    if (!peer.process) throw new HoldfastError('access.denied', 'It cannot be told who asks.')
    await authoriser.authorise(peer.process, action, details, true, signal)
  }

  /**
   * The same for giving somebody the content of a version in a file of their own, which destroys nothing and is not written
   * down: it holds the files of everybody.
   */
  async authoriseReading(peer: RpcPeer, version: string, signal?: AbortSignal): Promise<void> {
    if (peer.transport === 'stdio') return
    if (!peer.process) throw new HoldfastError('access.denied', 'It cannot be told who asks.')
    await this.#deps.authoriser.authorise(peer.process, 'browse', { version }, true, signal)
  }

  /** The same for making a new volume, which destroys nothing either, and changes how disks are divided. */
  async authoriseNewVolume(peer: RpcPeer, volume: string, version: string, signal?: AbortSignal): Promise<void> {
    if (peer.transport === 'stdio') return
    if (!peer.process) throw new HoldfastError('access.denied', 'It cannot be told who asks.')
    await this.#deps.authoriser.authorise(peer.process, 'configure', { volume, version }, true, signal)
  }

  /** Writes down that files of a version are given to somebody, and how that ended. Fails with storage.failed. */
  async recordReading(
    peer: RpcPeer,
    version: string,
    result: 'allowed' | 'done' | 'failed',
    reason?: string,
  ): Promise<void> {
    const who = peer.process ?? ownProcess()
    const session = (this.#deps.processFacts ?? processFacts).session(who.pid)
    await this.#deps.trail.record({ who, session, action: 'browse', version, result, reason })
  }

  /**
   * Writes down how it ended; `reason` is the code of an error. The peer may have gone meanwhile. Fails with storage.failed:
   * what is done is done, so tell it and go on.
   */
  async record(peer: RpcPeer, erasure: Erasure, result: 'done' | 'failed', reason?: string): Promise<void> {
    await this.#deps.trail.record(this.#entry(peer, erasure, result, reason))
  }

  #entry(peer: RpcPeer, erasure: Erasure, result: 'allowed' | 'done' | 'failed', reason?: string) {
    const who = peer.process ?? ownProcess()
    return {
      who,
      session: (this.#deps.processFacts ?? processFacts).session(who.pid),
      action: eraseAction(erasure),
      ...(erasure.kind === 'disk' && { deviceSerial: erasure.serial }),
      version: erasure.version,
      result,
      reason,
    }
  }
}

function detailsOf(erasure: Erasure): AccessDetails {
  const { version } = erasure
  if (erasure.kind === 'version') return { version }
  // The prompt names all three; a disk without a serial must not make it say nothing.
  return { device: erasure.device, serial: erasure.serial || 'none', version }
}

function ownProcess(): Peer {
  return { pid: process.pid, uid: process.getuid?.() ?? -1, startTicks: startTicksOf(process.pid) }
}
