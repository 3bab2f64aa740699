import type { HelperContract } from '../engine/contract/helperContract.ts'
import { helperContract } from '../engine/contract/helperContract.ts'
import type { CallName, TopicName } from '../engine/contract/rpcContract.ts'

/**
 * Names of all calls and topics. The build evaluates this file and puts its values in its place, so that the script beside
 * the page holds a list of names and neither the contract nor zod, which tries `new Function` where that is forbidden.
 */
export const callNames = Object.keys(helperContract.calls) as CallName<HelperContract>[]
export const topicNames = Object.keys(helperContract.topics) as TopicName<HelperContract>[]
