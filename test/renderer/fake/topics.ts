import type { BridgeListener, BridgeTopics } from '../../../engine/contract/appBridge.ts'
import type { HelperContract } from '../../../engine/contract/helperContract.ts'
import type { TopicChange, TopicName, TopicState } from '../../../engine/contract/rpcContract.ts'

type Topic = TopicName<HelperContract>

/** One topic: gives its whole state to whoever comes, and then every change. Tells in later turns, as a connection does. */
export class FakeTopic<Name extends Topic> {
  readonly #stateOf: () => TopicState<HelperContract, Name>
  readonly #listeners = new Set<BridgeListener<TopicState<HelperContract, Name>, TopicChange<HelperContract, Name>>>()

  readonly #isHeard: () => boolean

  constructor(stateOf: () => TopicState<HelperContract, Name>, isHeard: () => boolean) {
    this.#stateOf = stateOf
    this.#isHeard = isHeard
  }

  readonly subscribe = ((
    listener: BridgeListener<TopicState<HelperContract, Name>, TopicChange<HelperContract, Name>>,
  ): (() => void) => {
    let isOpen = true
    queueMicrotask(() => {
      if (!isOpen) return
      this.#listeners.add(listener)
      if (this.#isHeard()) listener.state(structuredClone(this.#stateOf()))
    })
    return () => {
      isOpen = false
      this.#listeners.delete(listener)
    }
  }) as BridgeTopics[Name]

  tell(change: TopicChange<HelperContract, Name>): void {
    if (!this.#isHeard()) return
    for (const listener of this.#listeners) listener.change(structuredClone(change))
  }

  /** As after a lost connection. */
  tellAll(): void {
    for (const listener of this.#listeners) listener.state(structuredClone(this.#stateOf()))
  }
}
