import { throwIfAborted } from '../contract/errors.ts'
import type { Clock } from './clock.ts'
import { assertRate, type Rate, rateAt } from './rateSchedule.ts'

/** Where the rate depends on the time of day, whoever waits looks this often whether it has changed. */
const lookMs = 15_000

/**
 * A token bucket: over any time t, operations of at most `rate * (t + 1 s)` bytes begin, plus the one that is under way.
 *
 * The bucket holds one second's worth of bytes and may go into debt: whoever takes more than is there waits until the
 * debt is paid, and then goes ahead with all of it. So a single request may be larger than the bucket, and those who wait
 * are served in the order of their requests. Algorithm: leaky bucket as a meter, ITU-T I.371 annex A.
 *
 * Where the rate depends on the time of day, a new one counts after 15 s at the latest, also for those who wait already.
 */
export class Limiter {
  readonly #rate: Rate
  readonly #clock: Clock
  #tokens: number
  #filledAt: number

  /** Rates are above 0, and finite where they are the same all day, else `internal.bug`. */
  constructor(rate: Rate, clock: Clock) {
    assertRate(rate)
    this.#rate = rate
    this.#clock = clock
    this.#tokens = this.#bytesPerSecond()
    this.#filledAt = clock.monotonic()
  }

  /** Resolves when `bytes` (0 or more) may go. When cancelled (`run.cancelled`), they are given back. */
  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal)
    this.#fill()
    this.#tokens -= bytes
    if (this.#tokens >= 0 || bytes === 0) return
    try {
      await this.#pay(-this.#tokens, signal)
    } catch (error) {
      this.#tokens = Math.min(this.#tokens + bytes, this.#bytesPerSecond())
      throw error
    }
  }

  /** Waits as long as it takes to earn `debt` bytes. */
  async #pay(debt: number, signal: AbortSignal | undefined): Promise<void> {
    for (let rest = debt; rest > 0; ) {
      const rate = this.#bytesPerSecond()
      const waitMs = Math.ceil((rest / rate) * 1000)
      if (waitMs === 0) return
      const stepMs = typeof this.#rate === 'number' ? waitMs : Math.min(waitMs, lookMs)
      const began = this.#clock.monotonic()
      await this.#clock.sleep(stepMs, signal)
      if (stepMs === waitMs) return
      rest -= ((this.#clock.monotonic() - began) / 1000) * rate
      this.#fill()
    }
  }

  #fill(): void {
    const now = this.#clock.monotonic()
    const rate = this.#bytesPerSecond()
    // Without a limit nothing is owed; of endlessly much, one second is endlessly much, too.
    const earned = rate === Number.POSITIVE_INFINITY ? rate : ((now - this.#filledAt) / 1000) * rate
    this.#tokens = Math.min(this.#tokens + earned, rate)
    this.#filledAt = now
  }

  #bytesPerSecond(): number {
    return rateAt(this.#rate, this.#clock.now())
  }
}
