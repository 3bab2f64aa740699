import { type Clock, systemClock } from '../base/clock.ts'
import { type Metered, readMetered, readRoutes } from './metered.ts'
import { type PowerSource, readPower } from './power.ts'

/** Facts about this moment that decide whether a run may begin. */
export interface Conditions {
  power: PowerSource
  /** Of the default route. Means nothing for destinations on drives. */
  metered: Metered
  /** Stands for the ways out of this computer: another text when they change, '' without any, missing where nobody looked. */
  routes?: string
}

export interface ConditionReaderOptions {
  readPower?: () => Promise<PowerSource>
  readMetered?: () => Promise<Metered>
  readRoutes?: () => Promise<string>
  clock?: Clock
  /** How long an answer holds. 15 s unless given. */
  validMs?: number
}

/** Reads the conditions, at most once in a while, however many jobs ask at the same time. */
export class ConditionReader {
  readonly #power: () => Promise<PowerSource>
  readonly #metered: () => Promise<Metered>
  readonly #routes: () => Promise<string>

  constructor(options: ConditionReaderOptions = {}) {
    const { clock = systemClock, validMs = 15_000 } = options
    const power = options.readPower ?? readPower
    const metered = options.readMetered ?? readMetered
    this.#power = remembered(() => power().catch(() => 'unknown'), clock, validMs)
    const routes = options.readRoutes ?? readRoutes
    this.#routes = remembered(() => routes().catch(() => ''), clock, validMs)
    this.#metered = remembered(() => metered().catch(() => 'unknown'), clock, validMs)
  }

  /** 'unknown' when it cannot be told; never fails. Takes some seconds at most. */
  power(): Promise<PowerSource> {
    return this.#power()
  }

  /** Likewise. Only ask for destinations in the network: it starts a program. */
  metered(): Promise<Metered> {
    return this.#metered()
  }

  async read(): Promise<Conditions> {
    const [power, metered, routes] = await Promise.all([this.#power(), this.#metered(), this.#routes()])
    return { power, metered, routes }
  }
}

function remembered<T>(read: () => Promise<T>, clock: Clock, validMs: number): () => Promise<T> {
  let latest: { answer: Promise<T>; at: number; until: number } | undefined
  return () => {
    const now = clock.now()
    // By the wall clock, which goes on while the computer sleeps; an answer from before is worth nothing.
    if (latest === undefined || now >= latest.until || now < latest.at) {
      latest = { answer: read(), at: now, until: now + validMs }
    }
    return latest.answer
  }
}
