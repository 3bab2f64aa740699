import type { HelperContract } from '../../../../engine/contract/helperContract.ts'
import type { CallName, CallOutput, HandlerInput } from '../../../../engine/contract/rpcContract.ts'

export type FakeCalls = {
  [Name in CallName<HelperContract>]: (input: HandlerInput<HelperContract, Name>) => CallOutput<HelperContract, Name>
}
export type PlaceChoice = HandlerInput<HelperContract, 'places.look'>['place']
export type AnyPlace = HandlerInput<HelperContract, 'destinations.create'>['place']
