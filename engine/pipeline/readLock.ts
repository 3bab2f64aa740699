import { HoldfastError, isHoldfastError } from '../contract/errors.ts'
import type { Lock } from '../repository/locks.ts'
import type { Repository } from '../repository/repository.ts'
import type { VersionRecord } from '../repository/versionRecord.ts'

/**
 * Takes a shared lock for a run that reads a version, and then brings the index up to date: whatever a prune deletes from
 * here on, it waits for this lock. Packs that no index segment lists (one may be lost) are found by their own indexes.
 *
 * Where no lock can be written, on a read-only or full medium, reading goes on without: somebody is getting their data back.
 * Fails with repository.versionNotFound when the version was removed meanwhile.
 */
export async function lockForReading(
  repository: Repository,
  version: VersionRecord,
  purpose: string,
  signal?: AbortSignal,
): Promise<Pick<Lock, 'release'>> {
  const lock = await repository.locks.acquire('shared', purpose, signal).catch(error => {
    if (isHoldfastError(error, 'storage.readOnly', 'storage.full', 'storage.authFailed')) return undefined
    throw error
  })
  try {
    const { versions } = await repository.refresh(signal)
    if (!versions.some(({ id }) => id === version.id)) throw removedMeanwhile(version)
    await repository.index.reconcile(signal)
  } catch (error) {
    await lock?.release()
    throw error
  }
  return lock ?? { release: async () => undefined }
}

function removedMeanwhile(version: VersionRecord): HoldfastError {
  return new HoldfastError('repository.versionNotFound', `Version ${version.id} of ${version.name} has been removed.`, {
    advice: 'List the versions that are there with: holdfast versions',
    details: { version: version.id },
  })
}
