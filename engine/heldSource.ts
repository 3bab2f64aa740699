import { systemAccess } from './base/linux/system.ts'
import { randomHex } from './base/random.ts'
import { HoldfastError, isHoldfastError } from './contract/errors.ts'
import { DeviceSource } from './sources/device.ts'
import { judgeMoment, type SnapshotMoment, writersOf } from './sources/deviceUse.ts'
import { openSource, openSourceOf } from './sources/open.ts'
import { alignOut, intersect, type RangeSet, subtract, union } from './sources/ranges.ts'
import type { Source } from './sources/source.ts'
import { SnapshotSource } from './tracking/snapshotSource.ts'
import { type SnapshotReading, TrackedRun, type TrackingDeps } from './tracking/trackedRun.ts'
import type { TrackedVolume } from './tracking/trackedVolume.ts'
import type { UsedBlocks } from './usedBlocks/usedBlocks.ts'

/** How a source is to be read. */
export interface SourceOptions {
  /** What the source must turn out to be; source.unsupported otherwise. */
  expect?: 'file' | 'device'
  /** Read the volume itself, even if a snapshot could be taken. */
  noSnapshot?: boolean
  /** Remove the snapshot after the run, so that writes cost no more than before; the next run reads everything. */
  noTracking?: boolean
  /** At most so much room for what is written while the snapshot lives, bytes. */
  snapshotBytes?: number
  /** Read a device that is written to meanwhile, where there is no snapshot of it; source.inUse otherwise. */
  whileInUse?: boolean
  /**
   * Leave out what the file system of the source has free (holes in the version), where its metadata can be trusted; all is
   * read otherwise, and the result says why. True for devices and false for files unless given. Hints go before it.
   */
  usedBlocksOnly?: boolean
  /** Keep what is needed to rebuild the machine around a device with the version; true unless given. */
  recipe?: boolean
}

/** What a session needs to read volumes by snapshots. */
export interface VolumeDeps extends TrackingDeps {
  /** Which blocks of a device are in use. */
  usedBlocks?: (
    devicePath: string,
    options: {
      sizeBytes: number
      /** The file system was mounted from the volume and frozen when the snapshot was taken. */
      frozen: boolean
      signal?: AbortSignal
    },
  ) => Promise<UsedBlocks>
}

/** A source that a backup is about to read: as it is, or held still by a snapshot. */
export type HeldSource =
  | { kind: 'plain'; path: string; warnings: string[] }
  | { kind: 'snapshot'; path: string; run: TrackedRun; moment: SnapshotMoment; takenAt: string; set?: SnapshotSet }

/** Sources whose snapshots were taken right after each other. */
export interface SnapshotSet {
  id: string
  /** From before the first to after the last, milliseconds. */
  gapMs: number
}

/**
 * Chooses how a source is read and takes its snapshot, if it gets one. Where there is no room for a snapshot, a volume is read itself
 * if nobody writes to it, or if that was asked for. To be given to `releaseSource`, whatever happens.
 */
export async function holdSource(
  path: string,
  options: SourceOptions & { repository: string; signal?: AbortSignal },
  deps: VolumeDeps | undefined,
): Promise<HeldSource> {
  const [held] = await holdSources([{ path, options }], deps, options)
  if (held instanceof Error) throw held
  return held!
}

export interface SourceRequest {
  path: string
  options: SourceOptions
}

/**
 * The same for several: first everything is made ready, then one snapshot is taken right after the other. What fails for one source is
 * in its place.
 */
export async function holdSources(
  requests: readonly SourceRequest[],
  deps: VolumeDeps | undefined,
  { repository, signal }: { repository: string; signal?: AbortSignal },
): Promise<(HeldSource | Error)[]> {
  const begun: (HeldSource | TrackedRun | Error)[] = []
  // In the order of the volumes' ids, so that two that want the same volumes never wait for each other.
  const found = await Promise.all(requests.map(request => findVolume(request, deps, signal)))
  const order = found.map((_, index) => index).sort((a, b) => compare(idOf(found[a]), idOf(found[b])))
  for (const index of order) {
    const { path, options } = requests[index]!
    const volume = found[index]
    if (volume === undefined) begun[index] = { kind: 'plain', path, warnings: [] }
    else if (volume instanceof Error) begun[index] = volume
    else {
      const { noTracking = false, snapshotBytes } = options
      begun[index] = await TrackedRun.begin(volume, path, deps!, {
        repository,
        keep: !noTracking,
        ...(snapshotBytes === undefined ? {} : { roomBytes: snapshotBytes }),
        ...(signal === undefined ? {} : { signal }),
      }).catch(asError)
    }
  }
  const moments = await Promise.all(
    begun.map(one => (one instanceof TrackedRun ? judgeMoment(one.volume.path, systemAccess) : undefined)),
  )
  const began = deps?.clock.monotonic() ?? 0
  const held: (HeldSource | Error)[] = []
  for (const [index, one] of begun.entries()) {
    held.push(one instanceof TrackedRun ? await takeSnapshot(requests[index]!, one, moments[index]!) : one)
  }
  const isSnapshot = (one: HeldSource | Error) => !(one instanceof Error) && one.kind === 'snapshot'
  if (held.filter(isSnapshot).length < 2) return held
  const set = { id: randomHex(8), gapMs: Math.ceil(deps!.clock.monotonic() - began) }
  return held.map(one => (isSnapshot(one) ? ({ ...one, set } as HeldSource) : one))
}

async function findVolume(
  { path, options }: SourceRequest,
  deps: VolumeDeps | undefined,
  signal: AbortSignal | undefined,
): Promise<TrackedVolume | Error | undefined> {
  if (deps === undefined || options.noSnapshot || options.expect === 'file') return undefined
  return await deps.driver.find(path, signal).catch(asError)
}

async function takeSnapshot(
  { path, options }: SourceRequest,
  run: TrackedRun,
  moment: SnapshotMoment,
): Promise<HeldSource | Error> {
  try {
    const { takenAt } = await run.take()
    return { kind: 'snapshot', path, run, moment, takenAt }
  } catch (error) {
    await run[Symbol.asyncDispose]()
    if (!isHoldfastError(error, 'source.noRoomForSnapshot') || !(await mayBeRead(path, options))) return asError(error)
    return { kind: 'plain', path, warnings: [`${error.message} The volume itself was read instead.`] }
  }
}

async function mayBeRead(path: string, options: SourceOptions): Promise<boolean> {
  if (options.whileInUse) return true
  const source = await openSource(path).catch(() => undefined)
  if (source === undefined) return false
  try {
    return source instanceof DeviceSource && writersOf(source.useAtOpen) === undefined
  } finally {
    await source.close()
  }
}

/** Removes a snapshot that no version was made of. Resolves to what went wrong, for people; does not fail. */
export async function releaseSource(held: HeldSource): Promise<string[]> {
  if (held.kind === 'plain') return held.warnings
  await held.run[Symbol.asyncDispose]()
  return held.run.warnings
}

/** Opens a source to be read as it is; source.inUse when somebody writes to it meanwhile and that was not allowed. */
export async function openPlain(path: string, options: SourceOptions): Promise<Source> {
  const source = await openSourceOf(path, options.expect)
  const writers = source instanceof DeviceSource && !options.whileInUse ? writersOf(source.useAtOpen) : undefined
  if (writers === undefined) return source
  await source.close()
  throw new HoldfastError('source.inUse', `${path} is in use: ${writers}.`, {
    advice:
      'Unmount it, or keep it on a logical volume (LVM) so that a snapshot can be read. To read it all the same, knowing that its parts may not fit together, add --while-in-use.',
    details: { path },
  })
}

/** What a snapshot gives to a run. */
export interface OpenedSnapshot {
  source: Source
  /** What its file system has in use; undefined when that is not asked for. */
  blocks: UsedBlocks | undefined
}

/** Opens the active snapshot of a held source. Where a base says what it holds, that is not asked of the volume. */
export async function openSnapshot(
  held: HeldSource & { kind: 'snapshot' },
  { snapshot, devicePath }: Pick<SnapshotReading, 'snapshot' | 'devicePath'>,
  options: SourceOptions & { hasBase: boolean; signal?: AbortSignal },
  deps: VolumeDeps,
): Promise<OpenedSnapshot> {
  const { volume } = held.run
  const { usedBlocksOnly = true, signal } = options
  const { frozen, consistency } = held.moment
  const facts = { sizeBytes: snapshot.sizeBytes, frozen, ...(signal === undefined ? {} : { signal }) }
  const blocks = usedBlocksOnly ? await deps.usedBlocks?.(devicePath, facts) : undefined
  const mapped = options.hasBase ? undefined : await volume.allocated(snapshot, signal)
  const source = new SnapshotSource(await openSource(devicePath), {
    path: held.path,
    consistency,
    allocated: mapped,
    isValid: () => volume.isValid(snapshot),
    advice: adviceOf(volume, options),
  })
  return { source, blocks }
}

/** Of what changed, blocks that a file system has wholly free are zeros in the version. */
export function withoutFree(
  { written, discarded }: { written: RangeSet; discarded: RangeSet },
  used: RangeSet | undefined,
  blockSize: number,
): { written: RangeSet; discarded: RangeSet } {
  if (used === undefined) return { written, discarded }
  const touched = alignOut(written, blockSize).map(({ start, end }) => ({
    start: start * blockSize,
    end: end * blockSize,
  }))
  return { written: intersect(written, used), discarded: union(discarded, subtract(touched, used)) }
}

function adviceOf({ method }: TrackedVolume, { snapshotBytes }: SourceOptions): string {
  if (method === 'lvm-thin') return 'Make room in the thin pool, then back it up again.'
  return snapshotBytes === undefined
    ? 'More was written than there was room for in the volume group: back it up at a quieter time, or add a disk to the group.'
    : 'More was written than --snapshot-size had room for: give it more, or leave it out.'
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))
const idOf = (volume: TrackedVolume | Error | undefined) => (volume instanceof Error ? '' : (volume?.id ?? ''))
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
