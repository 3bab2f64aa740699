import { type Clock, systemClock } from '../../base/clock.ts'
import type { AccessAction, AccessDetails } from './actions.ts'
import type { Authoriser } from './authoriser.ts'
import { checkPeer, type Peer, type ProcessFacts, processFacts } from './peer.ts'

/** So long a permission holds, in milliseconds. */
const rememberedMs = 5000
/** Permissions that are remembered at most; who turns pages or polls needs few. */
const mostRemembered = 256
/** What changes nothing: reading the state, and looking into versions page by page. */
const remembered: ReadonlySet<AccessAction> = new Set(['read', 'browse'])

export interface RememberingOptions {
  processFacts?: ProcessFacts
  clock?: Clock
}

/**
 * Remembers for 5 s that a process may read, or may look into a version: a client that looks once a second, or turns pages, would start
 * a program of polkit's each time. It must be the same process, which is looked at each time (pid, start time and user), and the
 * same details, since rules may look at them. Everything else is decided anew, and no denial is remembered, so that a
 * permission counts at once and a person who says no is not passed over for long.
 */
export function rememberingAuthoriser(inner: Authoriser, options: RememberingOptions = {}): Authoriser {
  const { processFacts: facts = processFacts, clock = systemClock } = options
  /** Until when, by request; the one that ends first comes first. */
  const allowed = new Map<string, number>()
  return {
    async authorise(peer, action, details, interactive, signal) {
      if (!remembered.has(action)) return await inner.authorise(peer, action, details, interactive, signal)
      const key = keyOf(peer, action, details)
      if (clock.monotonic() < (allowed.get(key) ?? Number.NEGATIVE_INFINITY)) return checkPeer(peer, action, facts)
      allowed.delete(key)
      await inner.authorise(peer, action, details, interactive, signal)
      const now = clock.monotonic()
      allowed.delete(key)
      allowed.set(key, now + rememberedMs)
      for (const [other, until] of allowed) {
        if (until > now && allowed.size <= mostRemembered) break
        allowed.delete(other)
      }
    },
  }
}

const keyOf = ({ pid, startTicks, uid }: Peer, action: AccessAction, details: AccessDetails): string =>
  JSON.stringify([pid, startTicks, uid, action, ...Object.entries(details).sort()])
