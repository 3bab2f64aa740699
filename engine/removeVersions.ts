import { HoldfastError } from './contract/errors.ts'
import type { VersionId } from './contract/ids.ts'
import type { EnforceResult, Overlay, RemoveResult, Version } from './contract/models.ts'
import type { Session } from './engineApi.ts'
import { requireMinimumAge } from './maintenance/minimumAge.ts'
import { decideRetention } from './maintenance/retention.ts'
import { formatRetentionPolicy, parseRetentionPolicy } from './maintenance/retentionPolicy.ts'
import { names } from './repository/format.ts'
import { requireRemoving } from './repository/removing.ts'
import type { Repository } from './repository/repository.ts'
import type { LoadedRecords } from './repository/versionStore.ts'
import { resolveVersions } from './versions/select.ts'

/** What has to be known to remove versions and nothing else. */
export interface Removal {
  repository: Repository
  /** Versions as people see them; those that a filter lets through. */
  filtered(loaded: LoadedRecords, filter?: string): Version[]
  /** Versions that overlays on this computer need. */
  versionsWithOverlays(): Promise<ReadonlyMap<string, Overlay>>
}

/** Session.enforce. */
export async function enforcePolicy(
  { repository, filtered, versionsWithOverlays }: Removal,
  policyText: string,
  options: Parameters<Session['enforce']>[1],
): Promise<EnforceResult> {
  const policy = parseRetentionPolicy(policyText)
  const loaded = await repository.refresh()
  if (!options.dryRun) refuseUnknownProtection(loaded)
  const decisions = decideRetention(filtered(loaded, options.filter), policy, { now: repository.clock.now() })
  const spared = new Set([...(options.spare ?? []), ...(await versionsWithOverlays()).keys()])
  const removed = decisions.flatMap(({ keep, version }) => (keep || spared.has(version.id) ? [] : [version.id]))
  if (!options.dryRun) await deleteRecords(repository, removed)
  return {
    policy: formatRetentionPolicy(policy),
    dryRun: options.dryRun ?? false,
    decisions: decisions.map(({ version, keep, reason }) => {
      return { version: version.id, name: version.name, date: version.date, keep, reason }
    }),
    removed,
  }
}

/** Session.remove. */
export async function removeVersions(
  { repository, filtered, versionsWithOverlays }: Removal,
  specs: readonly string[],
  options: Parameters<Session['remove']>[1],
): Promise<RemoveResult> {
  const loaded = await repository.refresh()
  if (!options.dryRun) refuseUnknownProtection(loaded)
  // A version whose record is lost can still be named by its whole id, so that prune can go on.
  const lost = specs.filter(spec => loaded.lostVersions.includes(spec)) as VersionId[]
  const versions = resolveVersions(
    filtered(loaded),
    specs.filter(spec => !loaded.lostVersions.includes(spec)),
  )
  const overlays = await versionsWithOverlays()
  for (const version of versions) {
    if (version.protected) throw isProtected(version)
    const overlay = overlays.get(version.id)
    if (overlay) throw hasOverlay(version, overlay)
    requireMinimumAge(version, options.minimumAgeDays ?? 0, repository.clock.now())
  }
  const removed = [...lost, ...versions.map(version => version.id)]
  if (!options.dryRun) await deleteRecords(repository, removed)
  return { dryRun: options.dryRun ?? false, removed }
}

async function deleteRecords(repository: Repository, ids: readonly VersionId[]): Promise<void> {
  if (ids.length === 0) return
  await requireRemoving(repository.storage, names.version('0'.repeat(16)))
  for (const id of ids) await repository.versions.deleteVersion(id)
}

function isProtected(version: Version): HoldfastError {
  return new HoldfastError('repository.versionProtected', `Version ${version.id} of ${version.name} is protected.`, {
    advice: `Lift the protection first: holdfast unprotect ${version.id}`,
    details: { version: version.id },
  })
}

function hasOverlay(version: Version, overlay: Overlay): HoldfastError {
  return new HoldfastError(
    'repository.versionProtected',
    `Version ${version.id} of ${version.name} has been written to: overlay ${overlay.id} needs it.`,
    {
      advice: `Keep what was written with "holdfast overlays commit ${overlay.id}", or discard it, first.`,
      details: { version: version.id, overlay: overlay.id },
    },
  )
}

function refuseUnknownProtection(loaded: LoadedRecords): void {
  if (loaded.lostMarks.length === 0) return
  throw new HoldfastError(
    'integrity.objectDamaged',
    'A mark in the repository cannot be read. It may protect a version, so nothing was removed.',
    {
      advice: 'Run "holdfast repair", protect again what must stay, then try again.',
      details: { marks: loaded.lostMarks },
    },
  )
}
