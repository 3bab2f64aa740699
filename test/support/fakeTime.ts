import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../../engine/base/clock.ts'
import { cancelled } from '../../engine/contract/errors.ts'

interface Sleeper {
  at: number
  wake: () => void
}

/** A clock that moves only when it is told to, and lets those who sleep on it wake in the right order. */
export class FakeTime implements Clock {
  #now: number
  #passed = 0
  readonly #sleepers = new Set<Sleeper>()

  /** `now` in milliseconds since 1970 UTC. */
  constructor(now: number) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#passed
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = () => {
        // A signal that lives long would keep everyone who ever slept with it.
        signal?.removeEventListener('abort', stop)
        resolve()
      }
      const sleeper: Sleeper = { at: this.#passed + ms, wake }
      const stop = () => {
        this.#sleepers.delete(sleeper)
        reject(cancelled())
      }
      if (signal?.aborted) return stop()
      signal?.addEventListener('abort', stop, { once: true })
      this.#sleepers.add(sleeper)
    })
  }

  /** Lets time pass; whoever sleeps wakes at its time, and does what follows before time goes on. */
  async advance(ms: number): Promise<void> {
    const end = this.#passed + ms
    await settle()
    for (;;) {
      const next = [...this.#sleepers].sort((a, b) => a.at - b.at)[0]
      if (!next || next.at > end) break
      this.#pass(next.at - this.#passed)
      this.#sleepers.delete(next)
      next.wake()
      await settle()
    }
    this.#pass(end - this.#passed)
    await settle()
  }

  /** Sets the clock, as a person or a time server does: nobody wakes. */
  jump(ms: number): void {
    this.#now += ms
  }

  #pass(ms: number): void {
    this.#now += ms
    this.#passed += ms
  }
}

/** Until everything that was going to happen without time passing has happened, as far as it needs no more turns than these. */
async function settle(): Promise<void> {
  for (let i = 0; i < 6; i++) await setImmediate()
}
