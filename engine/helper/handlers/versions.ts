import type { versionCalls } from '../../contract/calls/versions.ts'
import type { HelperContract } from '../../contract/helperContract.ts'
import type { Handlers } from '../../rpc/serverTypes.ts'
import type { Helper } from '../helper.ts'

/** What answers the calls of contract/calls/versions.ts. */
export function versionHandlers(_helper: Helper): Pick<Handlers<HelperContract>, keyof typeof versionCalls> {
  throw new Error('to be written')
}
