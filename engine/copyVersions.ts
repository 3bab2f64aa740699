import { HoldfastError, isHoldfastError, throwIfAborted } from './contract/errors.ts'
import type { CopyResult, Version } from './contract/models.ts'
import type { CallOptions, PriorityOptions } from './engineApi.ts'
import type { Export } from './nbd/export.ts'
import { runBackup } from './pipeline/backup.ts'
import { changedRanges } from './pipeline/mapDifference.ts'
import { readWholeRecipe } from './pipeline/versionReader.ts'
import type { Repository } from './repository/repository.ts'
import { rootOf, type VersionRecord } from './repository/versionRecord.ts'
import { hintedBlocks } from './sources/hints.ts'
import { VersionSource } from './versionSource.ts'

/** A version that is to be copied, with what the marks say of it. */
export interface CopiedOne {
  record: VersionRecord
  view: Version
}

export interface CopyPlaces {
  from: Repository
  to: Repository
  /** Opens a version of `from` to be read. */
  open(record: VersionRecord): Promise<Export>
}

export type CopyOptions = CallOptions &
  PriorityOptions & {
    dryRun?: boolean
    /** Told before a version is copied, and how many there will be. */
    onVersion?: (version: Version, place: { index: number; count: number }) => void
  }

/**
 * Copies versions from one repository into another, the oldest first. A copy keeps its id, so one that is there already is left
 * alone. It is stored like a backup: of what differs from a version that both have, every block is read, checked and sealed anew
 * under the keys of the other repository; its record comes last.
 *
 * A version that is damaged, or was removed meanwhile, is not copied, and the others are; so are those that are incomplete, with
 * that state. Anything else that fails ends the whole. Cancelled by the signal (run.cancelled). Run again, it goes on: versions
 * that are complete are skipped, and blocks that were stored are found again.
 */
export async function copyVersions(
  places: CopyPlaces,
  wanted: readonly CopiedOne[],
  options: CopyOptions,
): Promise<CopyResult> {
  const { from, to } = places
  const result: CopyResult = { dryRun: options.dryRun ?? false, copied: [], skipped: [], failed: [], warnings: [] }
  const there = new Set((await to.versions.load(options.signal)).versions.map(({ id }) => id))
  const sorted = [...wanted].sort((a, b) => (a.record.startedAt < b.record.startedAt ? -1 : 1))
  const missing = sorted.filter(({ record }) => !there.has(record.id))
  result.skipped = sorted.filter(({ record }) => there.has(record.id)).map(({ record }) => factsOf(record))
  for (const [index, one] of missing.entries()) {
    throwIfAborted(options.signal, 'The copy')
    options.onVersion?.(one.view, { index, count: missing.length })
    if (options.dryRun) {
      const nothing = { readBytes: 0, newBytes: 0, storedBytes: 0, durationMs: 0 }
      result.copied.push({ ...factsOf(one.record), ...nothing })
      continue
    }
    try {
      const own = await from.versions.load(options.signal)
      const bases = own.versions.filter(({ id, name }) => there.has(id) && name === one.record.name)
      const { copied, warnings } = await copyOne(places, one, nearestTo(one.record, bases), options)
      result.copied.push(copied)
      result.warnings.push(...warnings)
      there.add(one.record.id)
    } catch (error) {
      if (!isOfVersion(error)) throw error
      result.failed.push({ ...factsOf(one.record), error: error.toWire() })
    }
  }
  return result
}

const factsOf = ({ id, name, startedAt, status, sizeBytes }: VersionRecord) => {
  return { version: id, name, date: startedAt, status, sizeBytes }
}

/** Says something about one version, and nothing about the others. */
function isOfVersion(error: unknown): error is HoldfastError {
  return (
    isHoldfastError(error, 'repository.versionNotFound') ||
    (error instanceof HoldfastError && error.code.startsWith('integrity.'))
  )
}

/** The last version before this one; without, the first after it. Versions of one id have the same content wherever they are. */
export function nearestTo(version: VersionRecord, bases: readonly VersionRecord[]): VersionRecord | undefined {
  const sorted = bases.toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1))
  return sorted.findLast(({ startedAt }) => startedAt <= version.startedAt) ?? sorted[0]
}

async function copyOne(places: CopyPlaces, one: CopiedOne, base: VersionRecord | undefined, options: CopyOptions) {
  if (base === undefined) return await storeCopy(places, one, undefined, options)
  try {
    return await storeCopy(places, one, base, options)
  } catch (error) {
    // It may be the base that is damaged, on either side.
    if (!(error instanceof HoldfastError) || !error.code.startsWith('integrity.')) throw error
    return await storeCopy(places, one, undefined, options)
  }
}

async function storeCopy(
  { from, to, open }: CopyPlaces,
  { record, view }: CopiedOne,
  base: VersionRecord | undefined,
  { signal, onProgress, priority }: CopyOptions,
) {
  const began = to.clock.monotonic()
  // Holds the lock that keeps what is read from being pruned.
  const source = new VersionSource(record, await open(record), signal)
  try {
    const baseThere = base && (await to.versions.load(signal)).versions.find(({ id }) => id === base.id)
    const nothing = { id: undefined, sizeBytes: record.sizeBytes }
    const load = (id: Buffer, level: number) => {
      throwIfAborted(signal, 'The copy')
      return from.blocks.loadNode(id, level, signal)
    }
    const older = base && baseThere ? rootOf(base) : nothing
    const { written, discarded } = await changedRanges(load, older, rootOf(record), from.blockSizeBytes)
    const recipe = await readWholeRecipe(from, record, signal)
    const { root: _, recipe: __, blockSizeBytes: ___, newBytes: ____, storedBytes: _____, ...kept } = record
    const stored = await runBackup(to, source, {
      name: record.name,
      hints: hintedBlocks(written, discarded, { sizeBytes: record.sizeBytes, blockSize: to.blockSizeBytes }),
      ...(baseThere && { base: baseThere }),
      copyOf: { record: { ...kept, labels: view.labels }, protected: view.protected },
      ...(recipe && { recipe: Promise.resolve(recipe) }),
      ...(signal && { signal }),
      ...(onProgress && { onProgress }),
      ...(priority && { priority }),
    })
    const durationMs = Math.round(to.clock.monotonic() - began)
    const { newBytes, storedBytes } = stored
    const copied = { ...factsOf(record), readBytes: source.readBytes, newBytes, storedBytes, durationMs }
    return { copied, warnings: stored.warnings }
  } finally {
    await source.close()
  }
}

/** Fails with usage.invalid when both are the same repository. */
export function requireOther(from: Repository, to: Repository): void {
  if (from.id !== to.id) return
  throw new HoldfastError('usage.invalid', 'Both places hold the same repository.', {
    advice: 'Name another one to copy to; make it first with: holdfast init --repo PLACE',
    details: { repositoryId: from.id },
  })
}
