import { setTimeout as delay } from 'node:timers/promises'
import { cancelled } from '../contract/errors.ts'

/** The only source of time for the engine, so that tests can hold it still or move it. */
export interface Clock {
  /** Wall clock, milliseconds since 1970 UTC. May jump. */
  now(): number
  /** Monotonic milliseconds; only differences mean something. */
  monotonic(): number
  /** Resolves after `ms` milliseconds; rejects with run.cancelled when the signal fires. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, signal ? { signal } : {})
    } catch {
      throw cancelled()
    }
  },
}
