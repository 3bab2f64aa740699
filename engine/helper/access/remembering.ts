import { type Clock, systemClock } from '../../base/clock.ts'
import type { Authoriser } from './authoriser.ts'
import { checkPeer, type Peer, type ProcessFacts, processFacts } from './peer.ts'

/** So long a permission to read holds, in milliseconds. */
const rememberedMs = 5000
/** Peers that are remembered at most; more than that poll nowhere. */
const mostPeers = 256

export interface RememberingOptions {
  processFacts?: ProcessFacts
  clock?: Clock
}

/**
 * Remembers for 5 s that a process may read: a client that looks once a second would start a program of polkit's each time.
 * It must be the same process, which is looked at each time (pid, start time and user). Everything else is decided anew, and
 * no denial is remembered, so that a permission counts at once and a person who says no is not passed over for long.
 */
export function rememberingAuthoriser(inner: Authoriser, options: RememberingOptions = {}): Authoriser {
  const { processFacts: facts = processFacts, clock = systemClock } = options
  /** Until when, by peer; the one that ends first comes first. */
  const allowed = new Map<string, number>()
  return {
    async authorise(peer, action, details, interactive, signal) {
      // Rules may look at details, and then each request is one of its own.
      if (action !== 'read' || Object.keys(details).length > 0) {
        return await inner.authorise(peer, action, details, interactive, signal)
      }
      const key = keyOf(peer)
      if (clock.monotonic() < (allowed.get(key) ?? Number.NEGATIVE_INFINITY)) return checkPeer(peer, action, facts)
      allowed.delete(key)
      await inner.authorise(peer, action, details, interactive, signal)
      const now = clock.monotonic()
      allowed.delete(key)
      allowed.set(key, now + rememberedMs)
      for (const [other, until] of allowed) {
        if (until > now && allowed.size <= mostPeers) break
        allowed.delete(other)
      }
    },
  }
}

const keyOf = ({ pid, startTicks, uid }: Peer): string => `${pid} ${startTicks} ${uid}`
