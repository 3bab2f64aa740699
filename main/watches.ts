import type { HoldfastError } from '../engine/contract/errors.ts'
import type { HelperContract } from '../engine/contract/helperContract.ts'
import type { ClientSubscription, TopicName } from '../engine/contract/rpcContract.ts'
import type { HelperClient } from './helperLink.ts'

export interface TopicWatcher<State, Change> {
  /** The whole state: at first, after each loss of the connection, and when changes came too fast. */
  state(state: State): void
  change(change: Change): void
  /** The helper refuses. Nothing comes any more, also not after a reconnection. */
  refused(error: HoldfastError): void
}

interface Watch {
  topic: TopicName<HelperContract>
  watcher: TopicWatcher<unknown, unknown>
  subscription: ClientSubscription | undefined
}

/** What is watched, whichever connection there is at the time. */
export class Watches {
  readonly #watches = new Set<Watch>()
  #client: HelperClient | undefined

  add<State, Change>(topic: TopicName<HelperContract>, watcher: TopicWatcher<State, Change>): () => void {
    const watch: Watch = { topic, watcher: watcher as TopicWatcher<unknown, unknown>, subscription: undefined }
    this.#watches.add(watch)
    this.#subscribe(watch)
    return () => {
      this.#watches.delete(watch)
      watch.subscription?.close()
    }
  }

  /** Subscribes all of them at a new connection. */
  begin(client: HelperClient): void {
    this.#client = client
    for (const watch of this.#watches) this.#subscribe(watch)
  }

  /** The connection is lost or closed. */
  end(): void {
    this.#client = undefined
    for (const watch of this.#watches) watch.subscription = undefined
  }

  #subscribe(watch: Watch): void {
    const client = this.#client
    if (!client) return
    const { watcher } = watch
    watch.subscription = client.subscribe(watch.topic, {
      state: state => watcher.state(state),
      change: change => watcher.change(change),
      ended: error => {
        // Also called when the connection is lost, shortly before that is known here.
        setImmediate(() => {
          if (this.#client === client && this.#watches.delete(watch)) watcher.refused(error)
        })
      },
    })
  }
}
