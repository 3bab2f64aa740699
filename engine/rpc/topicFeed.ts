import type { TopicSource } from './serverTypes.ts'

/** A topic whose state is at hand in memory: tells every change to all who listen. */
export class TopicFeed<State, Change> {
  readonly #state: () => State
  readonly #listeners = new Set<{ change: (change: Change) => void }>()

  /** `state` gives the present state, of which every published change is a part. */
  constructor(state: () => State) {
    this.#state = state
  }

  /** Call it right after the state has changed, with nothing awaited in between. */
  publish(change: Change): void {
    for (const listener of [...this.#listeners]) listener.change(change)
  }

  /** How many listen. */
  get listeners(): number {
    return this.#listeners.size
  }

  /** What the server takes. */
  readonly source: TopicSource<State, Change> = change => {
    const listener = { change }
    const state = this.#state()
    this.#listeners.add(listener)
    return { state, close: () => void this.#listeners.delete(listener) }
  }
}
