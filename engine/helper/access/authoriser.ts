import type { AccessAction, AccessDetails } from './actions.ts'
import type { Peer } from './peer.ts'

/**
 * Decides whether somebody may do something. Asked for each call, never once for a connection.
 */
export interface Authoriser {
  /**
   * Resolves when the peer may do it, and fails with `access.denied` when it may not; the error's details are
   * {action, reason}. May be asked again at any time. With `interactive` a person may be asked for a password, which can
   * take minutes; the signal ends the question (`run.cancelled`).
   */
  authorise(
    peer: Peer,
    action: AccessAction,
    details: AccessDetails,
    interactive: boolean,
    signal?: AbortSignal,
  ): Promise<void>
}
