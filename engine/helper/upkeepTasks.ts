import { HoldfastError } from '../contract/errors.ts'
import type { Destination } from '../contract/jobs.ts'
import type { ScrubDamage } from '../contract/models.ts'
import { type HealParts, healFromOthers } from './copies/healFromOthers.ts'
import type { Helper } from './helper.ts'
import { noteAll } from './scrubPasses.ts'
import type { Task } from './taskRuns.ts'

/** More are counted and not listed. */
const mostListed = 50
/** Of a damage that is in everything, so many versions are named. */
const mostVersions = 200

type Parts = Pick<Helper, 'library' | 'facts' | 'clock'>

/** Reads and checks what is stored: all of it, or what some versions need. Damage makes the run incomplete. */
export function scrubTask(
  helper: Parts & Omit<HealParts, 'connector'>,
  destination: Destination,
  depth: 'light' | 'deep',
  versions: readonly string[] = [],
): Task {
  const { library, facts, clock } = helper
  const what =
    versions.length === 0 ? 'everything' : versions.length === 1 ? 'one version' : `${versions.length} versions`
  const nothing = { kind: 'scrub', depth, checkedBytes: 0, damaged: [], damagedCount: 0 } as const
  return {
    kind: 'scrub',
    destination,
    title: `${depth === 'deep' ? 'Check' : 'Quick check'} of ${what}`,
    outcome: { ...nothing, damaged: [] },
    async work({ session, connector, signal, onProgress, log }) {
      const startedAt = clock.now()
      const { checkedBytes, damaged, notes } = await session.scrub(versions, {
        light: depth === 'light',
        signal,
        onProgress,
      })
      for (const note of notes) log('info', note)
      for (const { reason } of damaged.slice(0, mostListed)) log('error', reason)
      const heal = () => healFromOthers({ ...helper, connector }, { destination, session }, { signal, onProgress }, log)
      const healed = damaged.length === 0 ? undefined : await heal()
      if (depth === 'deep' && versions.length === 0) noteAll(facts, destination.id, startedAt)
      await library.takeAfter(destination, session)
      const listed = damaged.slice(0, mostListed).map(({ reason, versions: needing }) => {
        return { reason, versions: needing.slice(0, mostVersions) }
      })
      const outcome = {
        ...nothing,
        checkedBytes,
        damaged: listed,
        damagedCount: damaged.length,
        ...(healed && { repaired: healed.repaired, repairedFrom: healed.from }),
      }
      return damaged.length === 0 || healed?.isWhole
        ? { outcome }
        : { outcome, error: damageFound(destination, damaged) }
    },
  }
}

/** Gives back the room of what no version needs. */
export function pruneTask({ library, facts, clock }: Parts, destination: Destination): Task {
  return {
    kind: 'prune',
    destination,
    title: 'Making room',
    outcome: { kind: 'prune', freedBytes: 0, waitingFor: [] },
    async work({ session, signal, onProgress, log }) {
      const { freedBytes, deletedPacks, rewrittenPacks, waitingFor } = await session.prune({ signal, onProgress })
      log('info', `Deleted ${deletedPacks} packs and wrote ${rewrittenPacks} anew.`)
      for (const one of waitingFor) log('info', `The rest goes once this has ended: ${one}.`)
      facts.set(`pruneAt:${destination.id}`, clock.now())
      await library.takeAfter(destination, session)
      return { outcome: { kind: 'prune', freedBytes, waitingFor } }
    },
  }
}

function damageFound(destination: Destination, damaged: readonly ScrubDamage[]): HoldfastError {
  const affected = new Set(damaged.flatMap(({ versions }) => versions))
  const reasons = damaged.slice(0, 3).map(({ reason }) => reason)
  return new HoldfastError(
    'integrity.damageFound',
    `Damage was found in what is stored in “${destination.name}”: ${reasons.join(' ')}`,
    {
      advice: 'Run the job again to store what the source still has, then check the drive.',
      details: { damaged: damaged.length, versions: [...affected].slice(0, mostVersions) },
    },
  )
}
