import { randomBelow, randomBytes } from '../../engine/base/random.ts'
import { BlockCache, type BlockCacheOptions } from '../../engine/nbd/blockCache.ts'
import { VersionExport } from '../../engine/nbd/versionExport.ts'
import { runBackup } from '../../engine/pipeline/backup.ts'
import type { Repository } from '../../engine/repository/repository.ts'
import type { VersionRecord } from '../../engine/repository/versionRecord.ts'
import { MemorySource } from './memorySource.ts'

/** Stretches of random, repeated and zero bytes, so that frames, holes and known blocks alternate. */
export function patchwork(sizeBytes: number): Buffer {
  const content = Buffer.alloc(sizeBytes)
  for (let at = 0; at < sizeBytes; ) {
    const length = Math.min(sizeBytes - at, (1 + randomBelow(40)) * 4096)
    const kind = randomBelow(4)
    if (kind <= 1) content.set(randomBytes(length), at)
    else if (kind === 2) content.fill(`row ${randomBelow(50)} `, at, at + length)
    at += length
  }
  return content
}

/** Backs content up and returns its record. */
export async function stored(repository: Repository, content: Buffer, name = 'disk'): Promise<VersionRecord> {
  const result = await runBackup(repository, new MemorySource(content), { name })
  return (await repository.refresh()).versions.find(record => record.id === result.version)!
}

/** Opens a version for reading while `work` goes on. */
export async function withExport<T>(
  repository: Repository,
  version: VersionRecord,
  options: BlockCacheOptions,
  work: (opened: VersionExport) => Promise<T>,
): Promise<T> {
  const cache = await BlockCache.open(repository, options)
  try {
    const opened = await VersionExport.open(repository, version, cache)
    try {
      return await work(opened)
    } finally {
      await opened.close()
    }
  } finally {
    await cache.close()
  }
}
