import { access, constants } from 'node:fs/promises'
import type { Clock } from '../../base/clock.ts'
import type { Authoriser } from './authoriser.ts'
import { localAuthoriser, onlyUser, rootOnlyAuthoriser } from './localPolicy.ts'
import type { ProcessFacts } from './peer.ts'
import { pkcheckPath, polkitAuthoriser } from './polkit.ts'
import { rememberingAuthoriser } from './remembering.ts'

/**
 * The authoriser for a helper that runs as `uid`: an ordinary user's helper serves that user alone; root's asks polkit for
 * each request (a permission to read or browse holds for some seconds), and without polkit serves root alone. It looks for polkit anew
 * each time, so that installing it is enough.
 */
export function authoriserFor(
  uid: number,
  options: { pkcheck?: string; processFacts?: ProcessFacts; clock?: Clock } = {},
): Authoriser {
  const { pkcheck = pkcheckPath } = options
  if (uid !== 0) {
    return localAuthoriser(onlyUser(uid), { ...options, advice: 'Start a helper of your own, or use the system’s.' })
  }
  const polkit = rememberingAuthoriser(polkitAuthoriser(options), options)
  const rootOnly = rootOnlyAuthoriser(options)
  return {
    async authorise(...request) {
      const installed = await access(pkcheck, constants.X_OK).then(
        () => true,
        () => false,
      )
      return (installed ? polkit : rootOnly).authorise(...request)
    },
  }
}
