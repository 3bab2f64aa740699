import type { Clock } from '../base/clock.ts'
import { randomHex } from '../base/random.ts'
import { HoldfastError } from '../contract/errors.ts'
import type { Peer } from '../rpc/peer.ts'

const goodForMs = 10 * 60_000
/** Whoever asks for plans without end pushes out their own oldest ones. */
const mostPerUser = 100

interface Held<T> {
  value: T
  user: string
  /** By both clocks: one stands still while the computer sleeps, the other can be set back. */
  until: number
  wallUntil: number
}

/**
 * What plan calls have found out and the call that carries it out is to find again. In memory only: a helper that starts anew
 * has looked at nothing. A plan is good for ten minutes, once, and for the user who asked for it.
 */
export class Plans<T> {
  readonly #clock: Clock
  readonly #held = new Map<string, Held<T>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Keeps a plan and gives its id: 16 random bytes in hex. */
  add(value: T, peer: Peer): string {
    this.#forgetOld()
    const user = userOf(peer)
    const own = [...this.#held].filter(([, held]) => held.user === user)
    for (const [id] of own.slice(0, Math.max(0, own.length - mostPerUser + 1))) this.#held.delete(id)
    const id = randomHex(16)
    this.#held.set(id, {
      value,
      user,
      until: this.#clock.monotonic() + goodForMs,
      wallUntil: this.#clock.now() + goodForMs,
    })
    return id
  }

  /**
   * Takes a plan out, unless `check` throws because of something in it; it is good for another attempt then. config.notFound
   * when it is none, too old, used already, or of another user, who then still has it: these
   * are not told apart.
   */
  take(id: string, peer: Peer, check: (value: T) => void = () => undefined): T {
    this.#forgetOld()
    const held = this.#held.get(id)
    if (held === undefined || held.user !== userOf(peer)) {
      throw new HoldfastError(
        'config.notFound',
        'This plan is not known, was used already, or is older than ten minutes.',
        {
          advice: 'Look again at what would happen, and then confirm it.',
          details: { plan: id },
        },
      )
    }
    check(held.value)
    this.#held.delete(id)
    return held.value
  }

  #forgetOld(): void {
    const passed = this.#clock.monotonic()
    const now = this.#clock.now()
    for (const [id, held] of this.#held) {
      if (held.until <= passed || held.wallUntil <= now) this.#held.delete(id)
    }
  }
}

/** The kernel names the user; where it does not (standard input), there is one user only. */
const userOf = ({ process, transport }: Peer): string => (process ? `user ${process.uid}` : transport)
