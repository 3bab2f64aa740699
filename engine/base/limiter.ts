import { HoldfastError, throwIfAborted } from '../contract/errors.ts'
import type { Clock } from './clock.ts'

/**
 * A token bucket: over any time t, operations of at most `rate * (t + 1 s)` bytes begin, plus the one that is under way.
 *
 * The bucket holds one second's worth of bytes and may go into debt: whoever takes more than is there waits until the
 * debt is paid, and then goes ahead with all of it. So a single request may be larger than the bucket, and those who wait
 * are served in the order of their requests. Algorithm: leaky bucket as a meter, ITU-T I.371 annex A.
 */
export class Limiter {
  readonly bytesPerSecond: number
  readonly #clock: Clock
  #tokens: number
  #filledAt: number

  /** `bytesPerSecond` is finite and above 0, else `internal.bug`. */
  constructor(bytesPerSecond: number, clock: Clock) {
    if (!(Number.isFinite(bytesPerSecond) && bytesPerSecond > 0)) {
      throw new HoldfastError('internal.bug', `${bytesPerSecond} bytes per second is no limit.`)
    }
    this.bytesPerSecond = bytesPerSecond
    this.#clock = clock
    this.#tokens = bytesPerSecond
    this.#filledAt = clock.monotonic()
  }

  /** Resolves when `bytes` (0 or more) may go. When cancelled (`run.cancelled`), they are given back. */
  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal)
    this.#fill()
    this.#tokens -= bytes
    if (this.#tokens >= 0 || bytes === 0) return
    const waitMs = Math.ceil((-this.#tokens / this.bytesPerSecond) * 1000)
    try {
      await this.#clock.sleep(waitMs, signal)
    } catch (error) {
      this.#tokens = Math.min(this.#tokens + bytes, this.bytesPerSecond)
      throw error
    }
  }

  #fill(): void {
    const now = this.#clock.monotonic()
    const earned = ((now - this.#filledAt) / 1000) * this.bytesPerSecond
    this.#tokens = Math.min(this.#tokens + earned, this.bytesPerSecond)
    this.#filledAt = now
  }
}
