/** Work that goes on side by side. The first failure is kept, and thrown to whoever asks next. */
export class WorkSet {
  readonly #pending = new Set<Promise<void>>()
  #failure: { error: unknown } | undefined

  start(work: Promise<void>): void {
    const tracked: Promise<void> = work
      .catch(error => {
        this.#failure ??= { error }
      })
      .finally(() => this.#pending.delete(tracked))
    this.#pending.add(tracked)
  }

  check(): void {
    if (this.#failure) throw this.#failure.error
  }

  /** Waits for everything; throws the first failure. */
  async finish(): Promise<void> {
    await this.settle()
    this.check()
  }

  /** Waits for everything, whatever comes of it. */
  async settle(): Promise<void> {
    while (this.#pending.size > 0) await Promise.race(this.#pending)
  }
}
