import { isHoldfastError } from '../../contract/errors.ts'
import type { Destination, Job } from '../../contract/jobs.ts'
import type { CallOptions, Engine, Session } from '../../engineApi.ts'
import type { RecordStore } from '../../jobs/recordStore.ts'
import type { Connector } from '../connection.ts'
import { withDestination } from '../openDestination.ts'
import { messageOf } from '../runReport.ts'
import type { CopiesDesk } from './copiesDesk.ts'

export interface HealParts {
  engine: Engine
  jobs: RecordStore<Job>
  destinations: RecordStore<Destination>
  connector: Connector
  /** Which destinations of a job can be reached now. */
  copies: Pick<CopiesDesk, 'reachable'>
}

export interface Healed {
  /** Blocks that have a sound copy again. */
  repaired: number
  /** Names of the destinations that they came from, in the order in which they were asked. */
  from: string[]
  /** No version is known to be damaged any more. */
  isWhole: boolean
}

/**
 * Heals what a scrub has found to be damaged in a destination out of the same versions in others of its jobs, one after the other until
 * nothing is left to heal. One that cannot be reached or opened is passed over, and that is logged. Only fails with run.cancelled.
 */
export async function healFromOthers(
  { jobs, destinations, copies, connector, engine }: HealParts,
  damaged: { destination: Destination; session: Session },
  options: CallOptions & { signal: AbortSignal },
  log: (level: 'info' | 'warn', text: string) => void,
): Promise<Healed> {
  const { destination, session } = damaged
  const healed: Healed = { repaired: 0, from: [], isWhole: false }
  const own = jobs.list().filter(job => job.destinations.includes(destination.id))
  for (const id of new Set(own.flatMap(job => copies.reachable(job)))) {
    const other = id === destination.id ? undefined : destinations.find(id)
    if (!other || healed.isWhole) continue
    try {
      await withDestination({ connector, engine }, other, options.signal, async origin => {
        const { repaired, versions, stillDamaged, warnings } = await session.repairFrom(origin, options)
        healed.repaired += repaired
        healed.isWhole = stillDamaged.length === 0
        if (repaired > 0) {
          healed.from.push(other.name)
          log(
            'info',
            `${repaired} damaged blocks were repaired from “${other.name}”, which heals ${versions.length} versions.`,
          )
        }
        for (const warning of warnings) log('warn', warning)
      })
    } catch (error) {
      if (isHoldfastError(error, 'run.cancelled')) throw error
      log('warn', `Nothing could be repaired from “${other.name}”: ${messageOf(error)}`)
    }
  }
  return healed
}
