import { packState } from '../catalogue/blockRows.ts'
import { throwIfAborted } from '../contract/errors.ts'
import type { PackId, SegmentId } from '../contract/ids.ts'
import type { RepairResult } from '../contract/models.ts'
import type { OnProgress } from '../contract/progress.ts'
import { ProgressMeter } from '../pipeline/progressMeter.ts'
import { names } from '../repository/format.ts'
import { withLock } from '../repository/locks.ts'
import { listPacks, readPackInfo } from '../repository/packReader.ts'
import { ifAllowed } from '../repository/removing.ts'
import type { Repository } from '../repository/repository.ts'
import { checkRecords, checkSegments, describeFault } from './objectCheck.ts'
import { forgetPacks, mendPacks } from './packRepair.ts'
import { findLost } from './references.ts'

export interface RepairOptions {
  dryRun: boolean
  /** Remove marks of which no copy opens. Until then nothing is removed from the repository: one may have protected it. */
  forgetLostMarks: boolean
  signal?: AbortSignal
  onProgress?: OnProgress
}

/**
 * Writes again what can be had from elsewhere in the repository: copies of records from their twins, the index from the packs,
 * headers and indexes of packs from the index. Removes index segments that cannot be read once what they held is listed
 * anew, and the remains of packs that no version needs any more. Says what remains lost.
 */
export function runRepair(repository: Repository, options: RepairOptions): Promise<RepairResult> {
  return withLock(repository.locks, 'shared', 'repair', options.signal, () => repair(repository, options))
}

async function repair(repository: Repository, options: RepairOptions): Promise<RepairResult> {
  const { clock, records, index } = repository
  const { dryRun, signal } = options
  const began = clock.monotonic()
  const meter = new ProgressMeter(clock, options.onProgress)
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
    if (!dryRun) {
      // Somebody may have removed it meanwhile: it must not come back to life.
      if ((await records.variants(fault.record, signal)).length === 0) continue
      await records.heal(fault.record, fault.sound, signal)
    }
    result.healedObjects.push(fault.name)
  }
  const segments = await checkSegments(repository, signal)
  const damagedPacks = await findDamagedPacks(repository, signal)
  if (!dryRun) {
    result.healedObjects.push(...(await mendPacks(repository, damagedPacks, signal)).map(names.pack))
  }
  const unlisted = await index.unlistedPacks(signal)
  result.reindexedPacks = unlisted.length
  result.replacedSegments = segments.length
  if (!dryRun) {
    await index.writeSegments(unlisted, [], signal)
    for (const name of segments) await ifAllowed(() => index.removeSegment(name.slice('index/'.length) as SegmentId))
    await unmark(repository, loaded.marks.damagedObjects, beyondRepair)
  }
  const { missing, unreadable } = await index.reconcile(signal)
  const lost = await findLost(repository, loaded.versions, signal)
  if (lost.length === 0 && !dryRun) {
    // Everything that versions need is elsewhere by now: there is nothing left to wait for.
    await forgetPacks(
      repository,
      missing.map(pack => pack.id),
      signal,
    )
  } else for (const pack of missing) result.lost.push(`Pack ${pack.id} is missing or cut short.`)
  for (const id of unreadable) result.lost.push(`Pack ${id} is in no index and cannot be read.`)
  for (const { version, sourceBlocks, recipeBlocks } of lost) {
    const { id, name } = version
    const needs = (who: string, { size }: ReadonlySet<string>) =>
      `${who} needs ${size} blocks that are lost or damaged.`
    if (sourceBlocks.size > 0) result.lost.push(needs(`Version ${id} of ${name}`, sourceBlocks))
    if (recipeBlocks.size > 0) {
      result.lost.push(needs(`The machine recipe of version ${id} of ${name}`, recipeBlocks))
    }
  }
  for (const id of loaded.lostVersions) result.lost.push(`The record of version ${id} cannot be read.`)
  for (const id of loaded.lostMarks) {
    const at = new Date(Number.parseInt(id.slice(0, 12), 16)).toISOString().slice(0, 16).replace('T', ' ')
    const gone = options.forgetLostMarks && !dryRun && (await ifAllowed(() => records.delete(names.mark(id), signal)))
    result.lost.push(
      `What was protected or labelled on ${at} UTC cannot be read${gone ? ' and was given up' : ''}: set it again.`,
    )
  }
  meter.end()
  return { ...result, durationMs: Math.round(clock.monotonic() - began) }
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

/** Packs whose header, own index or size is not what the repository's index says. A few small reads for each pack. */
async function findDamagedPacks(repository: Repository, signal?: AbortSignal): Promise<Set<string>> {
  const there = await listPacks(repository.storage, signal)
  const damaged = new Set<string>()
  for (const pack of repository.index.table.packs()) {
    if (pack.state === packState.gone) continue
    throwIfAborted(signal, 'The repair')
    const id = pack.id as PackId
    const sizeBytes = there.get(id)?.sizeBytes
    if (sizeBytes === undefined) continue
    const info = await readPackInfo(repository.storage, repository.keyring.pack, id, sizeBytes, signal)
    if (!info || sizeBytes !== pack.sizeBytes) damaged.add(id)
  }
  return damaged
}
