import type { LibraryVersion } from '../contract/library.ts'
import type { Version } from '../contract/models.ts'
import { defaultMinimumAgeDays, tooYoung } from '../maintenance/minimumAge.ts'

/** What a removal would do, and what must be the same when it is done. */
export interface RemovalPlan {
  destination: string
  versions: { id: string; name: string; date: string }[]
}

export interface RemovalOutlook {
  removable: LibraryVersion[]
  kept: { version: LibraryVersion; reason: 'protected' | 'tooYoung' | 'gone' }[]
  lastOfName: string[]
}

/**
 * Which of the versions that somebody names may be removed. `present` are those of the repository, `asked` those that are named,
 * as they are remembered where they are gone. Pure; `now` in milliseconds since 1970 UTC.
 */
export function removalOutlook(
  present: readonly Version[],
  asked: readonly LibraryVersion[],
  now: number,
  minimumAgeDays: number = defaultMinimumAgeDays,
): RemovalOutlook {
  const ids = new Set<string>(present.map(version => version.id))
  const outlook: RemovalOutlook = { removable: [], kept: [], lastOfName: [] }
  for (const version of asked) {
    if (!ids.has(version.id)) outlook.kept.push({ version, reason: 'gone' })
    else if (version.protected) outlook.kept.push({ version, reason: 'protected' })
    else if (tooYoung(version, minimumAgeDays, now)) outlook.kept.push({ version, reason: 'tooYoung' })
    else outlook.removable.push(version)
  }
  const removed = new Set<string>(outlook.removable.map(version => version.id))
  for (const name of new Set(outlook.removable.map(version => version.name))) {
    const complete = present.filter(version => version.name === name && version.status === 'complete')
    const isLast = complete.length > 0 && complete.every(version => removed.has(version.id))
    if (isLast) outlook.lastOfName.push(name)
  }
  return outlook
}

/** Whether the repository still holds what was planned, and nobody has protected it since. */
export function isAsPlanned({ versions }: RemovalPlan, present: readonly Version[]): boolean {
  const known = new Map<string, Version>(present.map(version => [version.id, version]))
  return versions.every(({ id, name, date }) => {
    const found = known.get(id)
    return found !== undefined && found.name === name && found.date === date && !found.protected
  })
}

/** For the question whether somebody may, in few words. */
export function planWords({ versions }: RemovalPlan): string {
  const [first] = versions
  const words = `${first!.name} of ${first!.date} (${first!.id})`
  return versions.length === 1 ? words : `${versions.length} versions, among them ${words}`
}
