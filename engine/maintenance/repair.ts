import type { SegmentId } from '../contract/ids.ts'
import type { RepairResult } from '../contract/models.ts'
import type { OnProgress } from '../contract/progress.ts'
import { ProgressMeter } from '../pipeline/progressMeter.ts'
import type { Repository } from '../repository/repository.ts'
import { checkRecords, checkSegments, describeFault } from './objectCheck.ts'
import { findLost } from './references.ts'

export interface RepairOptions {
  dryRun: boolean
  signal?: AbortSignal
  onProgress?: OnProgress
}

/**
 * Writes again what can be had from elsewhere in the repository: copies of records from their twins, and the index from the
 * packs themselves. Never deletes anything but index segments that cannot be read, and those only once what they held is
 * listed anew. Says what remains lost.
 */
export async function runRepair(repository: Repository, options: RepairOptions): Promise<RepairResult> {
  const { clock, records, index } = repository
  const { dryRun, signal } = options
  const began = clock.monotonic()
  const meter = new ProgressMeter(clock, options.onProgress)
  const lock = await repository.locks.acquire('shared', 'repair', signal)
  try {
    meter.phase('repairing')
    const loaded = await repository.refresh(signal)
    const result: RepairResult = {
      dryRun,
      healedObjects: [],
      reindexedPacks: 0,
      replacedSegments: 0,
      lost: [],
      durationMs: 0,
    }
    const beyondRepair = new Set<string>()
    for (const fault of await checkRecords(repository, signal)) {
      if (!fault.sound) {
        result.lost.push(describeFault(fault).reason)
        beyondRepair.add(fault.name)
        continue
      }
      if (!dryRun) await records.heal(fault.record, fault.sound, signal)
      result.healedObjects.push(fault.name)
    }
    const segments = await checkSegments(repository, signal)
    const { missing, unreadable } = await index.reconcile(signal)
    const unlisted = await index.unlistedPacks(signal)
    result.reindexedPacks = unlisted.length
    result.replacedSegments = segments.length
    if (!dryRun) {
      await index.writeSegments(unlisted, [], signal)
      for (const name of segments) await index.removeSegment(name.slice('index/'.length) as SegmentId)
    }
    if (!dryRun) await unmark(repository, loaded.marks.damagedObjects, beyondRepair)
    for (const pack of missing) result.lost.push(`Pack ${pack.id} is missing or cut short.`)
    for (const id of unreadable) result.lost.push(`Pack ${id} is in no index and cannot be read.`)
    for (const { version, blocks } of await findLost(repository, loaded.versions, signal)) {
      result.lost.push(`Version ${version.id} of ${version.name} needs ${blocks.size} blocks that are lost or damaged.`)
    }
    for (const id of loaded.lostVersions) result.lost.push(`The record of version ${id} cannot be read.`)
    meter.end()
    return { ...result, durationMs: Math.round(clock.monotonic() - began) }
  } finally {
    await lock.release()
  }
}

/** Tells later runs that objects which a scrub marked as damaged are sound now: written again, or removed with their version. */
async function unmark(
  repository: Repository,
  marked: ReadonlySet<string>,
  beyondRepair: ReadonlySet<string>,
): Promise<void> {
  const objects = [...marked].filter(name => !beyondRepair.has(name))
  if (objects.length === 0) return
  const at = new Date(repository.clock.now()).toISOString()
  await repository.versions.putMark({ kind: 'sound', at, copies: [], packs: [], objects })
}
