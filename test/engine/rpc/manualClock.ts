import type { Clock } from '../../../engine/base/clock.ts'
import { cancelled } from '../../../engine/contract/errors.ts'

interface Sleeper {
  at: number
  wake: () => void
}

/** A clock that stands still until it is told to go on. */
export class ManualClock implements Clock {
  #ms = 0
  #sleepers = new Set<Sleeper>()

  now(): number {
    return Date.UTC(2030, 0, 1) + this.#ms
  }

  monotonic(): number {
    return this.#ms
  }

  /** How many wait for their time. */
  get sleeping(): number {
    return this.#sleepers.size
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(cancelled())
    return new Promise((resolve, reject) => {
      const sleeper = { at: this.#ms + ms, wake: resolve }
      this.#sleepers.add(sleeper)
      signal?.addEventListener('abort', () => this.#sleepers.delete(sleeper) && reject(cancelled()), { once: true })
    })
  }

  /** Lets time pass, and all that follows from it happen before it goes on. */
  async pass(ms: number): Promise<void> {
    const end = this.#ms + ms
    await new Promise(resolve => setImmediate(resolve))
    for (;;) {
      const next = [...this.#sleepers].sort((a, b) => a.at - b.at)[0]
      if (next === undefined || next.at > end) break
      this.#ms = Math.max(this.#ms, next.at)
      this.#sleepers.delete(next)
      next.wake()
      await new Promise(resolve => setImmediate(resolve))
    }
    this.#ms = end
  }
}
