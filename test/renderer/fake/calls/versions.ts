import { HoldfastError } from '../../../../engine/contract/errors.ts'
import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import { decideRetention, type RetentionCandidate } from '../../../../engine/maintenance/retention.ts'
import { parseRetentionPolicy } from '../../../../engine/maintenance/retentionPolicy.ts'
import type { FakeWorld } from '../world.ts'
import type { FakeCalls } from './types.ts'

/** Versions, and which are kept. */
export function versionsCalls(world: FakeWorld) {
  const { clock } = world
  const plans = new Map<
    string,
    {
      kind: 'restore' | 'removal'
      destination: string
      versions: LibraryVersion[]
      confirmation: string
      target: string
    }
  >()

  const editVersions = (reference: string, ids: readonly string[], facts: Partial<LibraryVersion>) => {
    const { id } = world.place(reference).destination
    for (const version of ids) world.version(id, version)
    world.versions.set(
      id,
      world.versionsOf(id).map(one => (ids.includes(one.id) ? { ...one, ...facts } : one)),
    )
    world.tellLibrary(id)
  }

  return {
    'versions.list': ({ destination, job, limit, after }) => {
      const ids = destination === undefined ? [...world.places.keys()] : [world.place(destination).destination.id]
      const all = ids
        .flatMap(id => world.versionsOf(id))
        .filter(version => job === undefined || version.job === world.job(job).id)
        .toSorted((a, b) => (a.date < b.date ? 1 : a.date > b.date ? -1 : 0))
      const from = after
        ? all.findIndex(one => one.id === after.version && one.destination === after.destination) + 1
        : 0
      return { versions: all.slice(from, from + limit), more: all.length > from + limit }
    },
    'versions.refresh': ({ destination }) => {
      const { id } = world.place(destination).destination
      world.tellLibrary(id)
      return { summary: world.summaryOf(id) }
    },
    'versions.protect': ({ destination, versions }) => {
      editVersions(destination, versions, { protected: true })
      return {}
    },
    'versions.unprotect': ({ destination, versions }) => {
      editVersions(destination, versions, { protected: false })
      return {}
    },
    'versions.label': ({ destination, version: id, edits }) => {
      const labels = { ...world.version(destination, id).labels }
      for (const edit of edits) {
        const equals = edit.indexOf('=')
        if (equals > 0) labels[edit.slice(0, equals)] = edit.slice(equals + 1)
        else if (edit.endsWith('-')) delete labels[edit.slice(0, -1)]
      }
      editVersions(destination, [id], { labels })
      return { version: world.version(destination, id) }
    },
    'versions.compare': ({ destination, older, newer }) => {
      const [a, b] = [world.version(destination, older), world.version(destination, newer)]
      const sizeBytes = Math.max(a.sizeBytes, b.sizeBytes)
      const changedBytes = Math.round(sizeBytes * 0.03)
      const parts = Array.from({ length: 128 }, (_, i) => Math.max(0, Math.sin(i / 9) * Math.sin(i / 31)) ** 2)
      return { changedBytes, sameBytes: sizeBytes - changedBytes, sizeBytes, parts }
    },
    'versions.planRemoval': ({ destination, versions }) => {
      const chosen = versions.map(id => world.version(destination, id))
      const removable = chosen.filter(version => !version.protected)
      const planId = removable.length === 0 ? null : world.newId(32)
      if (planId !== null)
        plans.set(planId, { kind: 'removal', destination, versions: removable, confirmation: '', target: '' })
      const left = world.versionsOf(world.place(destination).destination.id).filter(one => !removable.includes(one))
      const names = new Set(removable.map(({ name }) => name))
      return {
        planId,
        removable,
        kept: chosen.filter(one => one.protected).map(version => ({ version, reason: 'protected' })),
        lastOfName: [...names].filter(name => !left.some(one => one.name === name)),
      }
    },
    'versions.remove': ({ planId }) => {
      const plan = plans.get(planId)
      if (!plan) throw new HoldfastError('target.identityChanged', 'What was planned is not what is there.')
      plans.delete(planId)
      const { id } = world.place(plan.destination).destination
      const gone = new Set<string>(plan.versions.map(version => version.id))
      world.versions.set(
        id,
        world.versionsOf(id).filter(one => !gone.has(one.id)),
      )
      world.tellLibrary(id)
      return { removed: [...gone] }
    },
    // What was invented are images, of which there is none.
    'versions.recipe': () => ({ recipe: null }),
    'retention.preview': ({ job, destination, policy: text }) => {
      const policy = parseRetentionPolicy(text)
      const decide = (versions: RetentionCandidate[]) => {
        const all = decideRetention(versions, policy, { now: clock.now, timeZone: undefined })
        const keptCount = all.filter(one => one.keep).length
        const decisions = all.map(({ version, keep, reason }) => {
          const { id, name, date } = version
          return { version: id, name, date, keep, reason }
        })
        return { keptCount, removedCount: all.length - keptCount, decisions }
      }
      if (job === undefined && destination === undefined) return decide(hourlyForTwoYears(clock.now))
      const ids = destination === undefined ? [...world.places.keys()] : [world.place(destination).destination.id]
      const versions = ids
        .flatMap(id => world.versionsOf(id))
        .filter(one => job === undefined || one.job === world.job(job).id)
      return decide(versions)
    },
  } satisfies Partial<FakeCalls>
}

function hourlyForTwoYears(now: number): RetentionCandidate[] {
  return Array.from({ length: 2 * 365 * 24 }, (_, i) => ({
    id: i.toString(16).padStart(16, '0') as RetentionCandidate['id'],
    name: 'invented',
    date: new Date(now - i * 3_600_000).toISOString(),
    status: 'complete' as const,
    protected: false,
  }))
}
