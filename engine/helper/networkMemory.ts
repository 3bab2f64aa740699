import { minuteMs } from '../base/localTime.ts'

/** What is known of a destination that could not be reached. Instants are milliseconds since 1970 UTC. */
export interface Offline {
  since: number
  tries: number
  /** When it is tried again. */
  retryAt: number
}

const firstDelayMs = minuteMs
const longestDelayMs = 30 * minuteMs

/** How long to wait after so many tries in vain: a minute, doubled each time, up to half an hour. */
export const offlineDelayMs = (tries: number): number =>
  Math.min(firstDelayMs * 2 ** Math.min(Math.max(tries, 1) - 1, 20), longestDelayMs)

/** Which destinations in the network did not answer. Lost with the process: then each is tried once more. */
export class NetworkMemory {
  readonly #offline = new Map<string, Offline>()
  #routes: string | undefined

  of(destination: string): Offline | null {
    return this.#offline.get(destination) ?? null
  }

  failed(destination: string, now: number): void {
    const before = this.#offline.get(destination)
    // Told twice of one try, or by somebody who did not wait.
    if (before && before.retryAt > now) return
    const tries = (before?.tries ?? 0) + 1
    this.#offline.set(destination, { since: before?.since ?? now, tries, retryAt: now + offlineDelayMs(tries) })
  }

  reached(destination: string): void {
    this.#offline.delete(destination)
  }

  /** It is tried as soon as somebody wants it, and counts as offline until then. */
  tryAtOnce(destination: string, now: number): void {
    const before = this.#offline.get(destination)
    if (before) this.#offline.set(destination, { ...before, tries: 0, retryAt: Math.min(before.retryAt, now) })
  }

  /** The ways out of this computer as they are now; when they are others than before, everything is tried again. */
  noteRoutes(routes: string, now: number): void {
    const isNew = this.#routes !== undefined && this.#routes !== routes && routes !== ''
    this.#routes = routes
    if (isNew) for (const id of this.#offline.keys()) this.tryAtOnce(id, now)
  }
}
