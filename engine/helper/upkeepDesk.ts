import { z } from 'zod'
import type { Clock } from '../base/clock.ts'
import type { Job } from '../contract/jobs.ts'
import type { FactStore } from '../jobs/factStore.ts'
import { noteShare } from './scrubPasses.ts'
import { planUpkeep, type UpkeepPlan } from './upkeep.ts'

type Upkeep = 'prune' | 'scrub'

const timestamp = z.number()

/** Name of the fact that says when a destination was last looked after. */
const factOf = (what: Upkeep, destination: string) => `${what}At:${destination}`

/** Remembers when destinations were last looked after, and says what is due. */
export class UpkeepDesk {
  readonly #facts: FactStore
  readonly #clock: Clock

  constructor(facts: FactStore, clock: Clock) {
    this.#facts = facts
    this.#clock = clock
  }

  plan({ upkeep }: Job, destination: string): UpkeepPlan {
    const at = (what: Upkeep) => this.#facts.get(factOf(what, destination), timestamp)
    return planUpkeep(upkeep, { prunedAt: at('prune'), scrubbedAt: at('scrub') }, this.#clock.now())
  }

  /** Space was made, or this share of what is stored was checked. */
  done(destination: string, what: Upkeep, percent?: number): void {
    this.#facts.set(factOf(what, destination), this.#clock.now())
    if (percent !== undefined) noteShare(this.#facts, destination, percent, this.#clock.now())
  }
}
