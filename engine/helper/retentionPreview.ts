import { hourMs } from '../base/localTime.ts'
import type { VersionId } from '../contract/ids.ts'
import type { RetentionPreview } from '../contract/library.ts'
import type { StoredVersion } from '../jobs/libraryStore.ts'
import { decideRetention, type RetentionCandidate, type RetentionDecision } from '../maintenance/retention.ts'
import { parseRetentionPolicy } from '../maintenance/retentionPolicy.ts'
import { fitting } from './answerSize.ts'

const inventedHours = 2 * 365 * 24

/**
 * What a policy would do to versions that are remembered, each destination and each computer for itself, as runs do it.
 * usage.policyInvalid. Pure; `now` in milliseconds since 1970 UTC, `timeZone` as for decideRetention.
 */
export function previewRetention(
  policyText: string,
  versions: readonly StoredVersion[],
  now: number,
  timeZone?: string,
): RetentionPreview {
  const groups = new Map<string, RetentionCandidate[]>()
  for (const { destination, version } of versions) {
    const key = `${destination} ${version.host}`
    const group = groups.get(key) ?? []
    groups.set(key, group)
    group.push(version)
  }
  return preview(policyText, [...groups.values()], now, timeZone)
}

/** The same for a job that made a version every hour for two years. */
export function previewInvented(policyText: string, now: number, timeZone?: string): RetentionPreview {
  const last = Math.floor(now / hourMs) * hourMs
  const versions = Array.from({ length: inventedHours }, (_, back): RetentionCandidate => {
    const id = (inventedHours - back).toString(16).padStart(16, '0') as VersionId
    const date = new Date(last - back * hourMs).toISOString()
    return { id, name: 'example', date, status: 'complete', protected: false }
  })
  return preview(policyText, [versions], now, timeZone)
}

function preview(
  policyText: string,
  groups: readonly (readonly RetentionCandidate[])[],
  now: number,
  timeZone: string | undefined,
): RetentionPreview {
  const policy = parseRetentionPolicy(policyText)
  const all = groups.flatMap(group => decideRetention(group, policy, { now, timeZone })).map(shown)
  const newestFirst = all.sort((a, b) => (a.date < b.date ? 1 : a.date > b.date ? -1 : a.version < b.version ? 1 : -1))
  const [kept, removed] = [true, false].map(keep => newestFirst.filter(decision => decision.keep === keep))
  // What is kept says more than what is not.
  const told = new Set(fitting([...kept!, ...removed!]))
  return {
    decisions: newestFirst.filter(decision => told.has(decision)),
    keptCount: kept!.length,
    removedCount: removed!.length,
  }
}

const shown = ({ version, keep, reason }: RetentionDecision<RetentionCandidate>) => {
  return { version: version.id, name: version.name, date: version.date, keep, reason }
}
