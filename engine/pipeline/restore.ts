import { throwIfAborted } from '../contract/errors.ts'
import type { ByteRange, RestoreResult } from '../contract/models.ts'
import type { OnProgress } from '../contract/progress.ts'
import { readBlockMap } from '../repository/blockMapReader.ts'
import type { Repository } from '../repository/repository.ts'
import { rootOf, type VersionRecord } from '../repository/versionRecord.ts'
import type { Target } from '../targets/target.ts'
import { BlockPool } from './blockPool.ts'
import { ProgressMeter } from './progressMeter.ts'
import { lockForReading } from './readLock.ts'
import { type RestoreChunk, RestoreWriter } from './restoreWriter.ts'
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
  /** Read back what was written and compare its ids; on unless false. */
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
): Promise<RestoreResult> {
  const { clock, blockSizeBytes } = repository
  const began = clock.monotonic()
  const range = options.range ?? { offset: 0, length: version.sizeBytes }
  const meter = new ProgressMeter(clock, options.onProgress)
  const lock = await lockForReading(repository, version, 'restore', options.signal)
  const pool = new BlockPool(repository.keyring, blockSizeBytes, { threads: options.threads, slotBytes })
  const writer = new RestoreWriter(repository, pool, target, {
    ...options,
    versionBytes: version.sizeBytes,
    shift: (options.targetOffset ?? 0) - range.offset,
    range,
    onBytes: bytes => meter.add(bytes),
  })
  try {
    meter.phase('restoring', range.length)
    for await (const chunk of chunksOf(repository, version, range)) {
      throwIfAborted(options.signal, 'The restore')
      await writer.take(chunk)
    }
    await writer.finish()
    meter.phase('finishing')
    await target.flush()
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
    verified: (options.verify ?? true) && writer.damaged.length === 0,
    damaged: joined(writer.damaged.sort((a, b) => a.offset - b.offset)),
    durationMs: Math.round(clock.monotonic() - began),
  }
}

/** The parts of a version in the range as chunks that fit a slot: stretches of blocks, holes, and lost parts. */
async function* chunksOf(
  repository: Repository,
  version: VersionRecord,
  range: ByteRange,
): AsyncGenerator<RestoreChunk> {
  const { blockSizeBytes } = repository
  const perChunk = Math.max(1, slotBytes / blockSizeBytes)
  const load = (id: Buffer, level: number) => repository.blocks.loadNode(id, level)
  const bounds = {
    from: Math.floor(range.offset / blockSizeBytes),
    to: Math.ceil((range.offset + range.length) / blockSizeBytes),
    tolerant: true,
  }
  let data: Extract<RestoreChunk, { kind: 'data' }> | undefined
  for await (const part of readBlockMap(load, rootOf(version), blockSizeBytes, bounds)) {
    if (part.kind === 'block') {
      const chunk = Math.floor(part.index / perChunk)
      if (data && Math.floor(data.start / perChunk) !== chunk) {
        yield data
        data = undefined
      }
      data ??= { kind: 'data', start: chunk * perChunk, blocks: [] }
      data.blocks.push({ index: part.index, id: part.id })
      continue
    }
    // Holes inside a chunk are written with it; the chunk is closed only when the hole leaves it.
    if (data && part.index + part.count >= data.start + perChunk) {
      yield data
      data = undefined
    }
    const kind = part.kind === 'hole' ? 'hole' : 'lost'
    yield { kind, start: part.index, count: part.count }
  }
  if (data) yield data
}
