/** Brings a page to the screens that links and the tray ask for. What is asked before the page listens waits for it. */
export class Navigation {
  readonly #listeners = new Set<(path: string) => void>()
  #waiting: string | undefined

  /** A later path replaces one that still waits. */
  go(path: string): void {
    if (this.#listeners.size === 0) this.#waiting = path
    for (const listener of [...this.#listeners]) listener(path)
  }

  listen(listener: (path: string) => void): () => void {
    this.#listeners.add(listener)
    const path = this.#waiting
    this.#waiting = undefined
    if (path !== undefined) listener(path)
    return () => void this.#listeners.delete(listener)
  }
}
