import type { StatsResult } from '../contract/models.ts'
import type { Repository } from '../repository/repository.ts'
import { knownLocks, readLocks } from './objectLocks.ts'

/**
 * Counts what the repository holds and takes. One listing of the whole storage, and where objects are locked one request for each, unless
 * what is known of the locks will do.
 */
export async function gatherStats(
  repository: Repository,
  url: string,
  { locks = 'asked' }: { locks?: 'asked' | 'known' } = {},
): Promise<StatsResult> {
  const { versions } = await repository.refresh()
  let storedBytes = 0
  let packs = 0
  for (const folder of ['packs', 'index', 'versions', 'marks', 'keys', 'copies', 'condemned', 'locks']) {
    for await (const object of repository.storage.list(folder)) {
      storedBytes += object.sizeBytes
      if (folder === 'packs') packs++
    }
  }
  storedBytes += (await repository.storage.stat('config'))?.sizeBytes ?? 0
  const lock = locks === 'asked' ? await readLocks(repository) : await knownLocks(repository)
  const totals = repository.index.table.totals()
  return {
    repositoryId: repository.id,
    url,
    createdAt: repository.config.createdAt,
    blockSizeBytes: repository.blockSizeBytes,
    versions: versions.length,
    virtualBytes: versions.reduce((sum, version) => sum + version.sizeBytes, 0),
    uniqueBytes: totals.plainBytes,
    storedBytes,
    packs,
    blocks: totals.blocks,
    freeBytes: (await repository.storage.freeBytes()) ?? null,
    ...(lock && { lock }),
  }
}
