import { createStore, type StoreApi } from 'zustand/vanilla'
import type { AppBridge, BridgeTopics } from '../../../engine/contract/appBridge.ts'
import { emptyHouse, type House, type Topic, type TopicReducer, topicReducers } from './house.ts'

export interface ConnectedHouse {
  store: StoreApi<House>
  /** Stops watching. */
  close(): void
}

/**
 * Keeps a store as the topics of a bridge tell. A bridge sends whole states again after a lost connection by itself; a new
 * helper (after `unlock`, say) may tell what the last one refused, so what was refused is asked for again with each connection.
 */
export function connectHouse(bridge: AppBridge): ConnectedHouse {
  const store = createStore<House>(() => emptyHouse)
  const ends = new Map<Topic, () => void>()

  const watch = <Name extends Topic>(name: Name) => {
    const reducer: TopicReducer<Name> = topicReducers[name]
    const subscribe: BridgeTopics[Name] = bridge.topics[name]
    ends.get(name)?.()
    ends.set(
      name,
      subscribe({
        state: (state: Parameters<typeof reducer.state>[1]) =>
          store.setState(house => reducer.state(without(house, name), state), true),
        change: (change: Parameters<typeof reducer.change>[1]) =>
          store.setState(house => reducer.change(house, change), true),
        refused: error => store.setState(house => ({ ...house, refused: { ...house.refused, [name]: error } })),
      } as Parameters<BridgeTopics[Name]>[0]),
    )
  }

  for (const name of topicNames) watch(name)
  const stop = bridge.shell.connection(connection => {
    const before = store.getState().connection
    store.setState({ connection })
    if (connection.state !== 'connected' || before.state === 'connected') return
    for (const name of Object.keys(store.getState().refused) as Topic[]) watch(name)
  })

  return {
    store,
    close() {
      stop()
      for (const end of ends.values()) end()
      ends.clear()
    },
  }
}

const topicNames = Object.keys(topicReducers) as Topic[]

function without(house: House, name: Topic): House {
  if (!house.refused[name]) return house
  const { [name]: _, ...refused } = house.refused
  return { ...house, refused }
}
