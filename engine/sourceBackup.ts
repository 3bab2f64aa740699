import { systemAccess } from './base/linux/system.ts'
import type { PauseGate } from './base/pauseGate.ts'
import { HoldfastError, isHoldfastError } from './contract/errors.ts'
import type { BackupResult } from './contract/models.ts'
import type { CallOptions } from './engineApi.ts'
import {
  type HeldSource,
  openPlain,
  openSnapshot,
  releaseSource,
  type SourceOptions,
  type VolumeDeps,
  withoutFree,
} from './heldSource.ts'
import { type BackupOptions, runBackup } from './pipeline/backup.ts'
import { startRecipe } from './recipe/recipeRun.ts'
import type { Repository } from './repository/repository.ts'
import type { VersionRecord } from './repository/versionRecord.ts'
import { judgeMoment } from './sources/deviceUse.ts'
import { hintedBlocks, readHintsFile } from './sources/hints.ts'
import { pausingSource } from './sources/pausing.ts'
import type { RangeSet } from './sources/ranges.ts'
import type { Source } from './sources/source.ts'
import { usageOf } from './sourceUsage.ts'
import type { SnapshotReading } from './tracking/trackedRun.ts'
import type { ReadingPlan } from './tracking/trackingRecord.ts'

export interface SourceBackup {
  held: HeldSource
  source: SourceOptions & Pick<CallOptions, 'signal'>
  /** A file of hints, for a source that is read as it is. */
  hintsPath?: string | undefined
  run: BackupOptions
  /** Holds the reading while it is paused. */
  gate?: PauseGate | undefined
}

/**
 * Makes a version of a source that is held. When its snapshot becomes invalid, another one is taken, once, if it can be larger. What is
 * remembered of the volume is brought up to date after the version is complete, or else stays as it was. Nothing is held afterwards.
 */
export async function backUpSource(
  repository: Repository,
  { held, source, hintsPath, run, gate }: SourceBackup,
  deps: VolumeDeps | undefined,
): Promise<BackupResult> {
  if (held.kind === 'plain') return await backUpPlain(repository, held, { source, run, hintsPath, gate })
  try {
    const made = await backUpSnapshot(repository, held, { source, run, gate }, deps!).catch(async error => {
      if (!isHoldfastError(error, 'source.snapshotInvalid') || !held.run.canBeLarger) throw error
      // Without room for another one, the first cause is what people should know.
      const { takenAt } = await held.run.take().catch(() => Promise.reject(error))
      const moment = await judgeMoment(held.run.volume.path, systemAccess)
      const { set: _, ...alone } = held
      return await backUpSnapshot(repository, { ...alone, moment, takenAt }, { source, run, gate }, deps!)
    })
    const version = made.status === 'complete' ? made.version : undefined
    try {
      await held.run.finish({ version, isMistaken: made.hintsRejected })
    } catch (error) {
      // The version is complete and stays; the next run reads more than it would have to.
      made.warnings.push(`What changes from now on is not known to the next run: ${messageOf(error)}`)
    }
    made.warnings.push(...held.run.warnings)
    return made
  } finally {
    await releaseSource(held)
  }
}

async function backUpPlain(
  repository: Repository,
  held: HeldSource & { kind: 'plain' },
  { source: options, run, hintsPath, gate }: Omit<SourceBackup, 'held'>,
): Promise<BackupResult> {
  const source = await openPlain(held.path, options)
  try {
    const shape = { sizeBytes: source.sizeBytes, blockSize: repository.blockSizeBytes }
    const hints = hintsPath === undefined ? {} : { hints: await readHintsFile(hintsPath, shape) }
    const isWanted = (options.usedBlocksOnly ?? source.kind === 'device') && hintsPath === undefined
    const usage = isWanted ? await usageOf(source, options.signal) : undefined
    const allocated = usage?.allocated && { allocated: usage.allocated }
    const reading = pausingSource(source, gate)
    const result = await runWithRecipe(repository, reading, { ...run, ...hints, ...allocated }, options)
    if (usage) result.usedBlocks = usage.report()
    result.warnings.unshift(...held.warnings)
    return result
  } finally {
    await source.close()
  }
}

async function backUpSnapshot(
  repository: Repository,
  held: HeldSource & { kind: 'snapshot' },
  { source: options, run, gate }: Omit<SourceBackup, 'held'>,
  deps: VolumeDeps,
): Promise<BackupResult> {
  const reading = await held.run.open()
  const { base, why } = await baseOf(repository, reading.plan)
  const { source, blocks } = await openSnapshot(held, reading, { ...options, hasBase: base !== undefined }, deps)
  const used = blocks?.known ? blocks.used : undefined
  try {
    const plan = {
      ...run,
      ...(base ? hintsOf(repository, held, reading, { base, used }) : used && { allocated: { used } }),
      ...(held.set && { set: held.set }),
      shownAt: Date.parse(held.takenAt),
    }
    const result = await runWithRecipe(repository, pausingSource(source, gate), plan, options)
    if (blocks && !base) {
      result.usedBlocks = { fileSystem: blocks.fileSystem, whyAll: blocks.known ? null : blocks.why }
    }
    if (why !== null) result.warnings.unshift(`Everything was read: ${why}.`)
    return result
  } finally {
    await source.close()
  }
}

/** Beside the reading of a device, what rebuilds the machine around it is collected, and kept with the version. */
async function runWithRecipe(
  repository: Repository,
  source: Source,
  run: BackupOptions,
  { recipe, signal }: SourceBackup['source'],
): Promise<BackupResult> {
  if (source.kind !== 'device' || recipe === false) return await runBackup(repository, source, run)
  await using collected = startRecipe(source.path, signal ? { signal } : {})
  return await runBackup(repository, source, { ...run, recipe: collected.archive })
}

/** The version that changes count from, if it is still there and complete; else why everything is read. */
async function baseOf(
  repository: Repository,
  plan: ReadingPlan,
): Promise<{ base: VersionRecord | undefined; why: string | null }> {
  if (!plan.known) return { base: undefined, why: plan.why }
  const { versions } = await repository.refresh()
  const base = versions.find(({ id, status }) => id === plan.base && status === 'complete')
  return { base, why: base ? null : `version ${plan.base}, which the changes count from, is gone` }
}

function hintsOf(
  repository: Repository,
  { run }: HeldSource & { kind: 'snapshot' },
  { plan, snapshot: { sizeBytes } }: SnapshotReading,
  { base, used }: { base: VersionRecord; used: RangeSet | undefined },
): Pick<BackupOptions, 'hints' | 'base' | 'hintsMethod'> {
  if (!plan.known) return {}
  const { blockSizeBytes: blockSize } = repository
  const { written, discarded } = withoutFree(plan, used, blockSize)
  const hints = hintedBlocks(written, discarded, { sizeBytes, blockSize })
  return { hints, base, hintsMethod: run.volume.method }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** usage.invalid when options of a backup contradict each other. */
export function requireSensible(options: SourceOptions & { hintsPath?: string; base?: string }): void {
  if (options.base !== undefined && options.hintsPath === undefined) {
    throw new HoldfastError('usage.invalid', 'A base version has a meaning only together with hints.', {
      advice: 'Give --hints FILE as well, or leave --base out: what did not change is not stored twice anyway.',
    })
  }
  if (options.noSnapshot && (options.snapshotBytes !== undefined || options.noTracking)) {
    throw new HoldfastError('usage.invalid', 'Without a snapshot, it has neither a size nor anything to keep.', {
      advice: 'Leave out --no-snapshot, or --snapshot-size and --no-tracking.',
    })
  }
}
