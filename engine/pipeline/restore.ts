import { throwIfAborted } from '../contract/errors.ts'
import type { ByteRange, RestoreResult } from '../contract/models.ts'
import type { OnProgress } from '../contract/progress.ts'
import type { Repository } from '../repository/repository.ts'
import type { VersionRecord } from '../repository/versionRecord.ts'
import type { Target } from '../targets/target.ts'
import { BlockFetcher } from './blockFetcher.ts'
import { BlockPool } from './blockPool.ts'
import { ProgressMeter } from './progressMeter.ts'
import { lockForReading } from './readLock.ts'
import { chunksOf } from './restoreChunks.ts'
import { RestoreVerifier } from './restoreVerifier.ts'
import { RestoreWriter } from './restoreWriter.ts'
import { TargetWindow } from './targetWindow.ts'
import { joined } from './tolerantReader.ts'

/** Wider than for backups, so that frames that reach over the border of two chunks are rarely opened twice. */
const slotBytes = 4 * 1024 * 1024

export interface RestoreOptions {
  /** Part of the version to restore; all of it when not given. */
  range?: ByteRange
  /** Where the first byte of the range goes in the target. */
  targetOffset?: number
  /** Leave holes of the version as they are in the target instead of making them zeros. */
  sparse?: boolean
  /** Read the target first and write only what differs. */
  delta?: boolean
  /** When all is written, read it back from the medium and compare; what is wrong is written once more. */
  verify?: boolean
  threads?: number
  signal?: AbortSignal
  onProgress?: OnProgress
}

/**
 * Writes a version (or a range of it) to an open target. Goes on past blocks that cannot be read and lists them in
 * `damaged`. Cancelled by the signal; may then be started again, with `delta` to keep what is there already.
 */
export async function runRestore(
  repository: Repository,
  version: VersionRecord,
  target: Target,
  options: RestoreOptions = {},
): Promise<Omit<RestoreResult, 'table' | 'warnings'>> {
  const { clock, blockSizeBytes } = repository
  const began = clock.monotonic()
  const range = options.range ?? { offset: 0, length: version.sizeBytes }
  const meter = new ProgressMeter(clock, options.onProgress)
  const lock = await lockForReading(repository, version, 'restore', options.signal)
  const pool = new BlockPool(repository.keyring, blockSizeBytes, { threads: options.threads, slotBytes })
  const fetcher = new BlockFetcher(repository, pool, options.signal)
  const window = new TargetWindow(target, {
    blockSizeBytes,
    versionBytes: version.sizeBytes,
    shift: (options.targetOffset ?? 0) - range.offset,
    range,
  })
  const onBytes = (bytes: number) => meter.add(bytes)
  const writer = new RestoreWriter(pool, fetcher, target, window, { ...options, onBytes })
  const damaged: ByteRange[] = []
  try {
    meter.phase('restoring', range.length)
    for await (const chunk of chunksOf(repository, version, range, slotBytes)) {
      throwIfAborted(options.signal, 'The restore')
      await writer.take(chunk)
    }
    await writer.finish()
    damaged.push(...writer.damaged)
    meter.phase('finishing')
    await target.flush()
    if (options.verify) {
      meter.phase('verifying', range.length)
      const ignoreHoles = options.sparse === true || target.startsZeroed
      const verifier = new RestoreVerifier(pool, fetcher, target, window, {
        ignoreHoles,
        signal: options.signal,
        onBytes,
      })
      await verifier.run(chunksOf(repository, version, range, slotBytes))
      damaged.push(...verifier.damaged)
    }
  } finally {
    await writer.settle()
    await pool.close()
    await lock.release()
  }
  meter.end()
  return {
    version: version.id,
    target: target.path,
    writtenBytes: writer.writtenBytes,
    skippedBytes: writer.skippedBytes,
    verified: options.verify === true && damaged.length === 0,
    damaged: joined(damaged.sort((a, b) => a.offset - b.offset)),
    durationMs: Math.round(clock.monotonic() - began),
  }
}
