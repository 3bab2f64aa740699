import type { Version } from '../../contract/models.ts'
import type { StoredVersion } from '../../jobs/libraryStore.ts'
import { decideRetention } from '../../maintenance/retention.ts'
import { parseRetentionPolicy } from '../../maintenance/retentionPolicy.ts'

/** A destination in the network that did not answer, and when it is tried again, milliseconds since 1970 UTC. */
export interface Awaited {
  id: string
  label: string
  retryAt: number
}

/** What one destination of a job lacks and others have. */
export interface Lacking {
  /** The oldest first; at least one. */
  versions: Pick<Version, 'id' | 'name' | 'date'>[]
  /** Ids of destinations that have some of them and can be reached, in the order in which they are asked. */
  from: string[]
  /** Where `from` is empty: the destination that has some of them and is tried again first; null when none is waited for. */
  awaited: Awaited | null
  /** When all are there, every source of the job has a version of at least this date; -Infinity when one has none. */
  reachesTo: number
}

export interface LackingFacts {
  /** Names of the job's sources. */
  names: readonly string[]
  /** Versions of these names that are in the destination. */
  have: readonly Version[]
  /** Versions of these names that others have and this one never had, the oldest first; one for each place that has it. */
  missing: readonly StoredVersion[]
  /** Ids of versions that could not be copied a short while ago. */
  failed: ReadonlySet<string>
  /** Policy of the job; null keeps everything. */
  retention: string | null
  /** Destinations that can be reached, best first. */
  reachable: readonly string[]
  /** Destinations in the network that did not answer. */
  offline: readonly Awaited[]
  /** Milliseconds since 1970 UTC. */
  now: number
}

/**
 * Which versions are to be sent: those that the policy, applied to all that would be there, keeps, and the newest of each name in any
 * case. Null when there is none. What is known to be damaged is not sent from there. Pure.
 */
export function lackingOf(facts: LackingFacts): Lacking | null {
  const { have, failed, names, reachable } = facts
  const sound = facts.missing.filter(({ version }) => version.status !== 'damaged' && !failed.has(version.id))
  const missing = [...new Map(sound.map(({ version }) => [version.id, version])).values()]
  const wanted = keptOf([...have, ...missing], facts)
  const versions = missing.filter(({ id }) => wanted.has(id))
  if (versions.length === 0) return null
  const ids = new Set(versions.map(({ id }) => id))
  const holders = new Set(sound.filter(({ version }) => ids.has(version.id)).map(({ destination }) => destination))
  const from = reachable.filter(id => holders.has(id))
  const awaited = facts.offline.filter(({ id }) => holders.has(id)).toSorted((a, b) => a.retryAt - b.retryAt)
  return {
    versions: versions.map(({ id, name, date }) => ({ id, name, date })),
    from,
    awaited: from.length === 0 ? (awaited[0] ?? null) : null,
    reachesTo: reachOf(names, [...have, ...versions]),
  }
}

/** The date that all names have a version of at least, milliseconds since 1970 UTC; -Infinity when one has none. */
export function reachOf(names: readonly string[], versions: readonly Pick<Version, 'name' | 'date'>[]): number {
  return Math.min(...names.map(name => newestOf(versions.filter(version => version.name === name))))
}

const newestOf = (versions: readonly Pick<Version, 'date'>[]): number =>
  Math.max(Number.NEGATIVE_INFINITY, ...versions.map(({ date }) => Date.parse(date)))

function keptOf(all: readonly Version[], { retention, now, names }: LackingFacts): Set<string> {
  if (retention === null) return new Set(all.map(({ id }) => id))
  const decisions = decideRetention(all, parseRetentionPolicy(retention), { now })
  const kept = new Set<string>(decisions.filter(({ keep }) => keep).map(({ version }) => version.id))
  for (const name of names) {
    const newest = all.filter(version => version.name === name).toSorted((a, b) => (a.date < b.date ? -1 : 1))
    if (newest.length > 0) kept.add(newest.at(-1)!.id)
  }
  return kept
}
