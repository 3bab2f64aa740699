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
 * `later` does a piece of work soon: news that come until then are shown together, and not in the turn that has read them.
 */
export function connectHouse(bridge: AppBridge, later: (work: () => void) => void): ConnectedHouse {
  const store = createStore<House>(() => emptyHouse)
  const ends = new Map<Topic, () => void>()
  const refused = new Set<Topic>()
  let news: ((house: House) => House)[] = []

  const tell = (change: (house: House) => House) => {
    news.push(change)
    if (news.length > 1) return
    later(() => {
      const changes = news
      news = []
      store.setState(house => changes.reduce((known, one) => one(known), house), true)
    })
  }

  const watch = <Name extends Topic>(name: Name) => {
    const reducer: TopicReducer<Name> = topicReducers[name]
    const subscribe: BridgeTopics[Name] = bridge.topics[name]
    ends.get(name)?.()
    refused.delete(name)
    ends.set(
      name,
      subscribe({
        state: (state: Parameters<typeof reducer.state>[1]) =>
          tell(house => reducer.state(without(house, name), state)),
        change: (change: Parameters<typeof reducer.change>[1]) => tell(house => reducer.change(house, change)),
        refused: error => {
          refused.add(name)
          tell(house => ({ ...house, refused: { ...house.refused, [name]: error } }))
        },
      } as Parameters<BridgeTopics[Name]>[0]),
    )
  }

  for (const name of topicNames) watch(name)
  let isConnected = false
  const stop = bridge.shell.connection(connection => {
    const wasConnected = isConnected
    isConnected = connection.state === 'connected'
    tell(house => ({ ...house, connection }))
    if (!isConnected || wasConnected) return
    for (const name of [...refused]) watch(name)
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
