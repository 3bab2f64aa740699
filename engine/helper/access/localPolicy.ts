import { type AccessLevel, accessLevels } from '../../contract/rpcContract.ts'
import { cleanDetails, levelOf } from './actions.ts'
import type { Authoriser } from './authoriser.ts'
import { denied } from './denial.ts'
import { checkPeer, type ProcessFacts, processFacts } from './peer.ts'

/** Who may do what besides root, who may do everything: levels by user id. */
export type LocalPolicy = ReadonlyMap<number, readonly AccessLevel[]>

/** The policy of a helper that runs as an ordinary user: that user may do everything, which is what the user may anyway. */
export const onlyUser = (uid: number): LocalPolicy => new Map([[uid, accessLevels]])

export interface LocalPolicyOptions {
  /** Completes the advice of a refusal. */
  advice?: string
  processFacts?: ProcessFacts
}

/** Decides by a list that the process was started with, and never asks anybody. */
export function localAuthoriser(policy: LocalPolicy, options: LocalPolicyOptions = {}): Authoriser {
  const { advice = 'Ask the user who started this service.', processFacts: facts = processFacts } = options
  return {
    async authorise(peer, action, details) {
      cleanDetails(action, details)
      checkPeer(peer, action, facts)
      if (peer.uid === 0 || policy.get(peer.uid)?.includes(levelOf(action))) return
      throw denied(action, 'policy', `the user with the number ${peer.uid} is not on the list of this service`, {
        advice,
      })
    },
  }
}

/** For computers without polkit: only root passes, and everybody else is told why. */
export function rootOnlyAuthoriser(options: { processFacts?: ProcessFacts } = {}): Authoriser {
  const { processFacts: facts = processFacts } = options
  return {
    async authorise(peer, action, details) {
      cleanDetails(action, details)
      checkPeer(peer, action, facts)
      if (peer.uid === 0) return
      throw denied(action, 'unavailable', 'polkit, which decides who may do what, is not installed', {
        advice: 'Install the package polkitd (on older systems policykit-1), or use sudo on the command line.',
      })
    },
  }
}
