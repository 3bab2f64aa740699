interface Hold {
  from: number
  to: number
  ended: Promise<void>
}

/** Lets work on overlapping stretches of pages happen one after the other, in the order in which it was asked for. */
export class PageLocks {
  readonly #holds = new Set<Hold>()

  /** Does `work` when nobody else works on pages [from, to) any more. */
  async with<T>(from: number, to: number, work: () => Promise<T>): Promise<T> {
    const before = [...this.#holds].filter(hold => hold.from < to && from < hold.to)
    let end = () => {}
    const hold: Hold = { from, to, ended: new Promise(resolve => (end = resolve)) }
    this.#holds.add(hold)
    try {
      for (const { ended } of before) await ended
      return await work()
    } finally {
      this.#holds.delete(hold)
      end()
    }
  }
}
