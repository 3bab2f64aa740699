import type { upkeepCalls } from '../../contract/calls/upkeep.ts'
import type { HelperContract } from '../../contract/helperContract.ts'
import type { Handlers } from '../../rpc/serverTypes.ts'
import type { Helper } from '../helper.ts'

/** What answers the calls of contract/calls/upkeep.ts. */
export function upkeepHandlers(_helper: Helper): Pick<Handlers<HelperContract>, keyof typeof upkeepCalls> {
  throw new Error('to be written')
}
