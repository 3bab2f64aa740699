import { formatLocalMinute } from '../base/localTime.ts'
import { HoldfastError } from '../contract/errors.ts'
import { type RetentionPeriod, type RetentionReason, retentionPeriods, type Version } from '../contract/models.ts'
import { type PeriodCounts, periodsBetween, placeOf } from './retentionPeriods.ts'
import { policyElements, type RetentionPolicy } from './retentionPolicy.ts'

/** What retention needs to know of a version. */
export type RetentionCandidate = Pick<Version, 'id' | 'name' | 'date' | 'status' | 'protected'>

export interface RetentionDecision<V extends RetentionCandidate = Version> {
  version: V
  keep: boolean
  reason: RetentionReason
}

export interface RetentionContext {
  /** Milliseconds since 1970 UTC. */
  now: number
  /** IANA name of the zone in which hours, days, weeks (from Monday), months and years begin. Default: this computer's. */
  timeZone?: string | undefined
}

/**
 * Decides for every version, in the order given, whether the policy keeps it, and why.
 *
 * The algorithm is Benji's. Protected and incomplete versions are kept and otherwise ignored; damaged ones count like
 * any other. Per name, from newest to oldest: the first `latest` are kept. Each other version is so many hours, days, …
 * back, counted in boundaries between it and now; the shortest period of the policy whose count is not exceeded claims
 * it. Of the versions that share a place (say, 3 days back) the oldest is kept and the others are removed. What no
 * period claims is too old and is removed. Versions dated after `now` are kept.
 *
 * Two consequences to know: daysN keeps up to N + 1 days, as today is counted extra; and without a `latest` element the
 * newest version of a name may go in favour of an older one of the same period, which its reason then mentions.
 * Applied again to what it keeps, at the same `now`, it removes nothing.
 *
 * An empty policy, which would remove everything, is usage.policyInvalid.
 */
export function decideRetention<V extends RetentionCandidate>(
  versions: readonly V[],
  policy: RetentionPolicy,
  context: RetentionContext,
): RetentionDecision<V>[] {
  if (policyElements.every(element => policy[element] === undefined)) {
    throw new HoldfastError('usage.policyInvalid', 'The retention policy is empty and would remove every version.', {
      advice: 'Say what to keep, for example latest3,days30,months3.',
    })
  }
  const reasons = new Map<V, RetentionReason>()
  const byName = new Map<string, Dated<V>[]>()
  const protectedUntil = new Map<string, number>()
  for (const version of versions) {
    if (version.protected) {
      reasons.set(version, say({ kind: 'protected' }, 'kept: protected'))
      if (version.status === 'complete') {
        protectedUntil.set(
          version.name,
          Math.max(dateOf(version), protectedUntil.get(version.name) ?? Number.NEGATIVE_INFINITY),
        )
      }
    } else if (version.status === 'incomplete') {
      reasons.set(version, say({ kind: 'incomplete' }, 'kept: incomplete is not counted'))
    } else {
      const group = byName.get(version.name) ?? []
      byName.set(version.name, group)
      group.push({ version, at: dateOf(version) })
    }
  }
  for (const [name, group] of byName) {
    decideGroup(group, policy, context, reasons, protectedUntil.get(name) ?? Number.NEGATIVE_INFINITY)
  }
  return versions.map(version => {
    const reason = reasons.get(version)!
    return { version, keep: reason.kind !== 'represented' && reason.kind !== 'too-old', reason }
  })
}

interface Dated<V> {
  version: V
  at: number
}

function decideGroup<V extends RetentionCandidate>(
  group: Dated<V>[],
  policy: RetentionPolicy,
  { now, timeZone }: RetentionContext,
  reasons: Map<V, RetentionReason>,
  /** Date of the newest protected complete version of the name. */
  protectedUntil: number,
): void {
  // The id breaks ties (as for NAME:latest), so that the order in which versions come decides nothing.
  const dated = group.filter(({ at }) => at <= now)
  // A wrong clock must not use up the places of real versions: what is dated in the future stands aside.
  for (const { version, at } of group) {
    if (at > now) reasons.set(version, say({ kind: 'future' }, 'kept: dated in the future'))
  }
  dated.sort((a, b) => b.at - a.at || (a.version.id < b.version.id ? 1 : -1))
  const newest = dated.find(({ version }) => version.status === 'complete')
  const notesOf = (version: V): Notes =>
    version === newest?.version && newest.at >= protectedUntil ? ['newest-complete'] : []

  const latest = policy.latest ?? 0
  for (const [index, { version }] of dated.slice(0, latest).entries()) {
    const which =
      latest === 1
        ? 'the latest'
        : index === 0
          ? `the newest of the ${latest} latest`
          : `number ${index + 1} of the ${latest} latest`
    reasons.set(version, say({ kind: 'latest', position: index + 1 }, `kept: ${which}`))
  }

  const here = placeOf(now, timeZone)
  const shared = new Map<string, { period: RetentionPeriod; back: number; members: Dated<V>[] }>()
  for (const one of dated.slice(latest)) {
    const back = periodsBetween(placeOf(one.at, timeZone), here)
    const period = claim(policy, back)
    if (period === undefined) {
      const text = 'removed: older than everything that the policy keeps'
      reasons.set(one.version, say({ kind: 'too-old' }, text, notesOf(one.version)))
      continue
    }
    const key = `${period} ${back[period]}`
    const bucket = shared.get(key) ?? { period, back: back[period], members: [] }
    shared.set(key, bucket)
    bucket.members.push(one)
  }

  for (const { period, back, members } of shared.values()) {
    const keeper = members.pop()!
    const place = placeWords(period, back)
    reasons.set(keeper.version, say({ kind: 'oldest', period, back }, `kept: oldest of ${place}`))
    if (members.length === 0) continue
    const by = `version ${keeper.version.id} of ${formatLocalMinute(keeper.at, timeZone)}`
    const keeperNotes: Notes = keeper.version.status === 'damaged' ? ['keeper-damaged'] : []
    for (const { version } of members) {
      const reason = { kind: 'represented', period, back, by: keeper.version.id } as const
      reasons.set(
        version,
        say(reason, `removed: ${place} is represented by ${by}`, [...keeperNotes, ...notesOf(version)]),
      )
    }
  }
}

/** The period that takes a version: the shortest one of the policy that reaches back that far. */
const claim = (policy: RetentionPolicy, back: PeriodCounts): RetentionPeriod | undefined =>
  retentionPeriods.find(period => back[period] <= (policy[period] ?? -1))

/** "the current day", "day 5 back". */
const placeWords = (period: RetentionPeriod, back: number): string =>
  back === 0 ? `the current ${period.slice(0, -1)}` : `${period.slice(0, -1)} ${back} back`

type Notes = RetentionReason['notes']
/** Omit that keeps the members of a union apart. */
type Bare<R> = R extends unknown ? Omit<R, 'text' | 'notes'> : never

const noteWords: Record<Notes[number], string> = {
  'newest-complete': 'it is the newest complete version of its name',
  'keeper-damaged': 'that version is damaged',
}

function say(reason: Bare<RetentionReason>, text: string, notes: Notes = []): RetentionReason {
  const remarks = notes.map(note => `; ${noteWords[note]}`).join('')
  return { ...reason, text: text + remarks, notes } as RetentionReason
}

function dateOf(version: RetentionCandidate): number {
  const at = Date.parse(version.date)
  // Sorting by a date that is no number would let chance decide what is removed.
  if (Number.isNaN(at)) {
    throw new HoldfastError(
      'internal.bug',
      `Version ${version.id} has the date “${version.date}”, which cannot be read.`,
      {
        details: { id: version.id, date: version.date },
      },
    )
  }
  return at
}
