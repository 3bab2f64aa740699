import type { PauseGate } from './base/pauseGate.ts'
import { HoldfastError, isHoldfastError } from './contract/errors.ts'
import type { RestoredTable, RestoreResult } from './contract/models.ts'
import type { Session } from './engineApi.ts'
import { runRestore } from './pipeline/restore.ts'
import { applyTableFit, planTableFit, type TableFit } from './pipeline/tableFit.ts'
import type { Repository } from './repository/repository.ts'
import type { VersionRecord } from './repository/versionRecord.ts'
import { checkTarget } from './targets/checks.ts'
import { gatherTargetFacts } from './targets/facts.ts'
import { makeNewVolume } from './targets/newVolume.ts'
import { type NewVolumeWish, parseNewVolume } from './targets/newVolumePlan.ts'
import { openTarget, type TargetOptions } from './targets/open.ts'
import { pausingTarget } from './targets/pausing.ts'
import { settleDevices } from './targets/settle.ts'

type RestoreOptions = Parameters<Session['restore']>[2]

export interface RestorePlaces {
  repository: Repository
  /** Of a repository on this computer, which must survive. */
  folder: string | undefined
  /** Holds the writing while it is paused. */
  gate?: PauseGate | undefined
}

/**
 * Restores a version to what a path or 'lvm:GROUP/NAME' names: checks, opens or makes the target, writes, fits the partition
 * table to a larger disk, and has the kernel look at what is there now.
 */
export async function restoreVersion(
  places: RestorePlaces,
  version: VersionRecord,
  targetPath: string,
  options: RestoreOptions,
): Promise<RestoreResult> {
  const { range, grow } = options
  const { folder } = places
  if (range && range.offset + range.length > version.sizeBytes) {
    throw new HoldfastError('usage.invalid', `The range ends beyond the version's ${version.sizeBytes} bytes.`, {
      advice: 'Give a range inside the version: --range OFFSET:LENGTH',
      details: { ...range, sizeBytes: version.sizeBytes },
    })
  }
  if (range && grow) {
    throw new HoldfastError('usage.invalid', 'A partition can grow only when the whole version is restored.', {
      advice: 'Leave --range or --grow out.',
    })
  }
  const wish = parseNewVolume(targetPath)
  if (wish) return await toNewVolume(places, version, wish, options)
  if (options.thinPool !== undefined) {
    throw new HoldfastError('usage.invalid', 'A thin pool has a meaning only for a new volume.', {
      advice: 'Name the new volume as the target: lvm:GROUP/NAME',
    })
  }
  const facts = await gatherTargetFacts(targetPath, { repositoryPaths: folder === undefined ? [] : [folder] })
  // A range goes to the same place in what exists, and to the start of what is new.
  const targetOffset = options.targetOffset ?? (facts.kind === 'missing' ? 0 : (range?.offset ?? 0))
  const sizeBytes = targetOffset + (range?.length ?? version.sizeBytes)
  const force = options.force ?? false
  const [refusal] = checkTarget(facts, { versionSizeBytes: sizeBytes, force })
  if (refusal) {
    throw new HoldfastError(refusal.code, refusal.message, {
      advice: refusal.advice,
      details: { target: targetPath },
    })
  }
  if (grow && facts.kind !== 'device') {
    throw new HoldfastError('usage.invalid', `A partition can grow only on a disk, and ${targetPath} is none.`, {
      advice: 'Leave --grow out, or choose a disk.',
    })
  }
  const opening = { sizeBytes, force, ...(options.expect && { expect: options.expect }) }
  return await toOpened(places, version, targetPath, opening, { ...options, targetOffset })
}

/** A new volume is there when the restore is complete, and gone again when it is not. */
async function toNewVolume(
  places: RestorePlaces,
  version: VersionRecord,
  wish: NewVolumeWish,
  options: RestoreOptions,
): Promise<RestoreResult> {
  const targetOffset = options.targetOffset ?? 0
  const sizeBytes = targetOffset + (options.range?.length ?? version.sizeBytes)
  const dataBytes = options.range?.length ?? version.sizeBytes - version.holeBytes
  const { thinPool, signal } = options
  const volume = await makeNewVolume(
    { ...wish, ...(thinPool !== undefined && { thinPool }) },
    { sizeBytes, dataBytes },
    signal,
  )
  try {
    const opening = { sizeBytes, force: true, startsZeroed: volume.startsZeroed }
    // Nothing is there that could be kept or compared with.
    const anew = { ...options, sparse: false, delta: false, targetOffset }
    const result = await toOpened(places, version, volume.path, opening, anew)
    await volume.complete()
    return result
  } catch (error) {
    const left = await volume.discard()
    if (left === undefined || !isHoldfastError(error)) throw error
    const { code, message, details, retryable } = error
    throw new HoldfastError(code, message, { advice: left, details, retryable, cause: error })
  }
}

async function toOpened(
  { repository, gate }: RestorePlaces,
  version: VersionRecord,
  path: string,
  opening: TargetOptions,
  options: RestoreOptions,
): Promise<RestoreResult> {
  const target = await openTarget(path, opening)
  const warnings: string[] = []
  let written: Awaited<ReturnType<typeof runRestore>>
  let table: RestoredTable | null = null
  try {
    const { grow = false, range, signal } = options
    const nothing: TableFit = { fit: null, warnings: [] }
    const { fit, warnings: found } = range
      ? nothing
      : await planTableFit(repository, version, target, { grow, ...(signal && { signal }) })
    warnings.push(...found)
    try {
      written = await runRestore(repository, version, pausingTarget(target, gate), options)
      if (fit) table = await applyTableFit(target, fit)
    } finally {
      // Also of what was broken off: what the kernel believes is not there any more in any case.
      const answer = await target.readPartitions().catch(() => 'busy')
      if (answer === 'busy') warnings.push(`The partitions of ${path} show when it is connected anew.`)
    }
  } finally {
    await target.close()
    if (target.kind === 'device') await settleDevices()
  }
  return { ...written, table, warnings }
}
