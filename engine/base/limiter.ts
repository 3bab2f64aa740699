import { HoldfastError, throwIfAborted } from '../contract/errors.ts'
import type { Clock } from './clock.ts'

/** Bytes per second, or a function that says what holds now; null does not limit. */
export type Rate = number | (() => number | null)

/** A rate that may change is asked for again after so long. */
const askAgainMs = 15_000

/**
 * A token bucket: over any time t, operations of at most `rate * (t + 1 s)` bytes begin, plus the one that is under way.
 *
 * The bucket holds one second's worth of bytes and may go into debt: whoever takes more than is there waits until the
 * debt is paid, and then goes ahead with all of it. So a single request may be larger than the bucket, and those who wait
 * are served in the order of their requests. Algorithm: leaky bucket as a meter, ITU-T I.371 annex A.
 *
 * A rate that is a function is asked before each wait and every 15 s of it.
 */
export class Limiter {
  readonly #rate: Rate
  readonly #clock: Clock
  #tokens: number
  #filledAt: number

  /** Rates are finite and above 0, else `internal.bug`. */
  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate
    this.#clock = clock
    this.#filledAt = clock.monotonic()
    this.#tokens = this.#now() ?? 0
  }

  /** Resolves when `bytes` (0 or more) may go. When cancelled (`run.cancelled`), they are given back. */
  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal)
    const rate = this.#fill()
    if (rate === null) return
    this.#tokens -= bytes
    if (this.#tokens >= 0 || bytes === 0) return
    try {
      await this.#pay(-this.#tokens, signal)
    } catch (error) {
      this.#tokens = Math.min(this.#tokens + bytes, this.#now() ?? 0)
      throw error
    }
  }

  /** Waits until so many bytes were earned, at whatever rate holds meanwhile. */
  async #pay(debt: number, signal: AbortSignal | undefined): Promise<void> {
    let owed = debt
    while (owed > 0) {
      const rate = this.#now()
      if (rate === null) return
      const wholeMs = Math.ceil((owed / rate) * 1000)
      const waitMs = typeof this.#rate === 'number' ? wholeMs : Math.min(wholeMs, askAgainMs)
      await this.#clock.sleep(waitMs, signal)
      owed = waitMs === wholeMs ? 0 : owed - (waitMs / 1000) * rate
    }
  }

  /** Puts in what was earned since it was last done; returns the rate. */
  #fill(): number | null {
    const now = this.#clock.monotonic()
    const rate = this.#now()
    // While nothing is limited there is no debt, and the bucket begins full when that ends.
    if (rate === null) this.#tokens = Number.POSITIVE_INFINITY
    else this.#tokens = Math.min(this.#tokens + ((now - this.#filledAt) / 1000) * rate, rate)
    this.#filledAt = now
    return rate
  }

  #now(): number | null {
    const rate = typeof this.#rate === 'number' ? this.#rate : this.#rate()
    if (rate === null || (Number.isFinite(rate) && rate > 0)) return rate
    throw new HoldfastError('internal.bug', `${rate} bytes per second is no limit.`)
  }
}
