import type { restoreCalls } from '../../contract/calls/restores.ts'
import type { HelperContract } from '../../contract/helperContract.ts'
import type { Handlers } from '../../rpc/serverTypes.ts'
import type { Helper } from '../helper.ts'

/** What answers the calls of contract/calls/restores.ts. */
export function restoreHandlers(_helper: Helper): Pick<Handlers<HelperContract>, keyof typeof restoreCalls> {
  throw new Error('to be written')
}
