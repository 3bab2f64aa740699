import type { BlockPool, Slot } from './blockPool.ts'

/** Work that goes on side by side. The first failure is kept, and thrown to whoever asks next. */
export class WorkSet {
  readonly #pending = new Set<Promise<void>>()
  #failure: { error: unknown } | undefined

  /** Waits until fewer than `most` are under way; throws the first failure. */
  async room(most: number): Promise<void> {
    while (this.#pending.size >= most) await Promise.race(this.#pending)
    this.check()
  }

  /** Starts work as soon as fewer than `most` are under way; throws the first failure, and then does not start it. */
  async startBelow(most: number, work: () => Promise<void>): Promise<void> {
    while (this.#pending.size >= most) await Promise.race(this.#pending)
    this.check()
    this.start(work())
  }

  /** Starts work in a slot, as soon as one is free; throws the first failure. */
  async startIn(pool: BlockPool, work: (slot: Slot) => Promise<void>): Promise<void> {
    this.check()
    const slot = await pool.acquire()
    this.start(work(slot).finally(() => pool.release(slot)))
  }

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
