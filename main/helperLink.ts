import type { HelperContract } from '../engine/contract/helperContract.ts'
import type { RpcClient } from '../engine/contract/rpcContract.ts'

export type HelperClient = RpcClient<HelperContract>

/** A connection to a helper, and how it came about. */
export interface HelperLink {
  client: HelperClient
  /** service: of the computer; own: of this person, without rights; raised: started with the rights of an administrator. */
  kind: 'service' | 'own' | 'raised'
}
