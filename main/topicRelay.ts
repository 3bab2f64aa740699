import { type HelperContract, helperContract } from '../engine/contract/helperContract.ts'
import type { TopicName } from '../engine/contract/rpcContract.ts'
import { type TopicNews, topicChannel } from '../preload/channels.ts'
import type { HelperConnection } from './helperConnection.ts'
import type { Hearing, PageWatches } from './pageWatches.ts'

/** Lets pages watch each topic of the contract on a channel of its own. */
export function relayTopics(ipc: Hearing, watches: PageWatches, helper: Pick<HelperConnection, 'watch'>): void {
  for (const topic of Object.keys(helperContract.topics) as TopicName<HelperContract>[]) {
    watches.serve(ipc, topicChannel(topic), tell => {
      const news = (item: TopicNews) => tell(item)
      return helper.watch(topic, {
        state: state => news({ kind: 'state', state }),
        change: change => news({ kind: 'change', change }),
        refused: error => news({ kind: 'refused', error }),
      })
    })
  }
}
