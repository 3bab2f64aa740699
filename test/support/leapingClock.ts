import type { Clock } from '../../engine/base/clock.ts'
import { throwIfAborted } from '../../engine/contract/errors.ts'

/** A clock on which time passes only by sleeping, and sleeping takes no real time. Remembers every sleep. */
export class LeapingClock implements Clock {
  readonly sleeps: number[] = []
  #ms: number

  /** `startMs` is the wall clock's first reading, milliseconds since 1970 UTC. */
  constructor(startMs = Date.UTC(2030, 0, 1)) {
    this.#ms = startMs
  }

  now(): number {
    return this.#ms
  }

  monotonic(): number {
    return this.#ms
  }

  advance(ms: number): void {
    this.#ms += ms
  }

  /** Those who sleep at the same time wake in the order of their times, as on a real clock. */
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal)
    this.sleeps.push(ms)
    const wakeAt = this.#ms + ms
    await new Promise(resolve => setImmediate(resolve))
    throwIfAborted(signal)
    this.#ms = Math.max(this.#ms, wakeAt)
  }
}
