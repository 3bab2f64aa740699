import type { destinationCalls } from '../../contract/calls/destinations.ts'
import type { HelperContract } from '../../contract/helperContract.ts'
import type { Handlers } from '../../rpc/serverTypes.ts'
import type { Helper } from '../helper.ts'

/** What answers the calls of contract/calls/destinations.ts. */
export function destinationHandlers(_helper: Helper): Pick<Handlers<HelperContract>, keyof typeof destinationCalls> {
  throw new Error('to be written')
}
