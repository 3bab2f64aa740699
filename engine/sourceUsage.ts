import { readSystem, systemAccess } from './base/linux/system.ts'
import type { BackupResult } from './contract/models.ts'
import type { Allocated } from './pipeline/backup.ts'
import { loopsOver } from './sources/deviceUse.ts'
import type { Source } from './sources/source.ts'
import { readUsedBlocks } from './usedBlocks/readUsedBlocks.ts'

/** What the file system of a source has in use, for one run that reads it. */
export interface SourceUsage {
  /** Undefined when all must be read. */
  allocated?: Allocated
  /** For the result; asked after the run. */
  report(): NonNullable<BackupResult['usedBlocks']>
}

/**
 * Asks the file system of an open source what it has in use. That counts only as long as nobody writes: it is not asked when the
 * source is in use already, and what it said is not believed when somebody wrote until the last read. Fails with
 * run.cancelled alone.
 */
export async function usageOf(source: Source, signal?: AbortSignal): Promise<SourceUsage> {
  const inUse = 'it is in use, and what is free may change while it is read'
  if (!(await isIdle(source))) return { report: () => ({ fileSystem: null, whyAll: inUse }) }
  const options = { sizeBytes: source.sizeBytes, ...(signal ? { signal } : {}) }
  const blocks = await readUsedBlocks(source.path, options)
  const { fileSystem } = blocks
  if (!blocks.known) return { report: () => ({ fileSystem, whyAll: blocks.why }) }
  let whyAll: string | null = null
  const isStillTrue = async () => {
    const isTrue = await isIdle(source)
    if (!isTrue) whyAll = 'something used it while it was read'
    return isTrue
  }
  return { allocated: { used: blocks.used, isStillTrue }, report: () => ({ fileSystem, whyAll }) }
}

/** Nobody has written to it since it was opened, and nobody holds it in a way that lets them. */
async function isIdle(source: Source): Promise<boolean> {
  if ((await source.consistency()) !== 'consistent') return false
  if (source.kind === 'device') return true
  const identity = await systemAccess.identify(source.path)
  return identity !== undefined && loopsOver(await readSystem(systemAccess), identity).length === 0
}
