import { z } from 'zod'
import type { Clock } from '../base/clock.ts'
import type { Destination } from '../contract/jobs.ts'
import type { FactStore } from '../jobs/factStore.ts'
import type { RecordStore } from '../jobs/recordStore.ts'
import type { DestinationDesk } from './destinationDesk.ts'

const stepMs = 60 * 60_000
const factOf = (destination: string) => `awayAt:${destination}`

/** When the drive of a destination was last seen to be away, milliseconds since 1970 UTC; undefined when it never was. */
export const awayAt = (facts: FactStore, destination: string): number | undefined =>
  facts.get(factOf(destination), z.number())

/** Remembers which drives are away: what is in another place does not burn with this one. Written once an hour at most. */
export function noteAway(helper: {
  destinations: RecordStore<Destination>
  desk: DestinationDesk
  facts: FactStore
  clock: Clock
}): void {
  const now = helper.clock.now()
  for (const destination of helper.destinations.list()) {
    // Only what was here before can have been taken away.
    const isAway = helper.desk.state(destination).state === 'missing' && destination.lastSeenAt !== null
    if (destination.drive === null || !isAway) continue
    const last = awayAt(helper.facts, destination.id) ?? Number.NEGATIVE_INFINITY
    if (Math.abs(now - last) >= stepMs) helper.facts.set(factOf(destination.id), now)
  }
}
