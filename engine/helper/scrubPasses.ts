import { z } from 'zod'
import type { FactStore } from '../jobs/factStore.ts'

/** A pass through all that is stored, share by share; each share goes on where the one before has stopped. */
const passSchema = z.object({ startedAt: z.number(), percent: z.number() })

const passOf = (destination: string) => `scrubPass:${destination}`
const allOf = (destination: string) => `scrubbedAllAt:${destination}`

/** Since when everything that was stored then has been checked, milliseconds since 1970 UTC; undefined when it never was. */
export const scrubbedAllAt = (facts: FactStore, destination: string): number | undefined =>
  facts.get(allOf(destination), z.number())

/** A share, in (0, 100], was checked. When a pass is full, all that was there at its beginning is checked. */
export function noteShare(facts: FactStore, destination: string, percent: number, now: number): void {
  const pass = facts.get(passOf(destination), passSchema) ?? { startedAt: now, percent: 0 }
  const sum = pass.percent + percent
  if (sum < 100) {
    facts.set(passOf(destination), { ...pass, percent: sum })
  } else {
    facts.set(allOf(destination), pass.startedAt)
    facts.remove(passOf(destination))
  }
}

/** Everything was checked at once, in a run that began then. */
export function noteAll(facts: FactStore, destination: string, startedAt: number): void {
  facts.set(allOf(destination), startedAt)
}
