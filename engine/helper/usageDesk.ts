import type { Clock } from '../base/clock.ts'
import type { Destination } from '../contract/jobs.ts'
import type { Usage } from '../contract/library.ts'
import type { Session } from '../engineApi.ts'
import { growthPerDay } from '../jobs/usageHistory.ts'
import type { UsageStore } from '../jobs/usageStore.ts'
import type { LockDesk } from './lockDesk.ts'

/** Measures what repositories take, and remembers it. */
export class UsageDesk {
  readonly #usages: UsageStore
  readonly #locks: LockDesk
  readonly #clock: Clock

  constructor(usages: UsageStore, locks: LockDesk, clock: Clock) {
    this.#usages = usages
    this.#locks = locks
    this.#clock = clock
  }

  /** Lists the whole storage once, which takes seconds for a large repository, and asks of no lock. Fails as that does. */
  async measure(destination: Destination, session: Session): Promise<Usage> {
    const { lock, ...stats } = await session.stats({ locks: 'known' })
    const { storedBytes, virtualBytes, uniqueBytes, freeBytes, versions } = stats
    const now = this.#clock.now()
    const usage: Usage = {
      ...{ at: new Date(now).toISOString(), storedBytes, virtualBytes, uniqueBytes, freeBytes, versions },
      ...(lock && { lock: { mode: lock.mode, lockedUntil: lock.lockedUntil } }),
    }
    this.#usages.add(destination.id, usage, now)
    if (lock) this.#locks.note(destination.id, lock)
    return usage
  }

  /** Oldest first. */
  history(destination: string): Usage[] {
    return this.#usages.list(destination)
  }

  /** As last measured, and how fast it grows; nulls where that cannot be told. */
  present(destination: string): { usage: Usage | null; growthPerDay: number | null } {
    const usages = this.history(destination)
    return { usage: usages.at(-1) ?? null, growthPerDay: growthPerDay(usages, this.#clock.now()) }
  }

  forget(destination: string): void {
    this.#usages.forget(destination)
  }
}
