import { throwIfAborted } from '../contract/errors.ts'
import type { ByteRange, ScrubResult } from '../contract/models.ts'
import type { OnProgress } from '../contract/progress.ts'
import { readBlockMap } from '../repository/blockMapReader.ts'
import { idBytes } from '../repository/format.ts'
import type { Repository } from '../repository/repository.ts'
import { rootOf, type VersionRecord } from '../repository/versionRecord.ts'
import { alignOut, contains, type RangeSet } from '../sources/ranges.ts'
import type { Source } from '../sources/source.ts'
import { BlockPool } from './blockPool.ts'
import { ProgressMeter } from './progressMeter.ts'
import { lockForReading } from './readLock.ts'
import { joined, readTolerantly } from './tolerantReader.ts'

/**
 * Reads the source and compares it with a version, block id by block id. A difference says nothing about the repository: the
 * source may have changed since; so nothing is marked as damaged.
 *
 * `used` says which bytes of the source are in use now, if that is known: a hole of the version where all is free is no difference.
 */
export async function compareWithSource(
  repository: Repository,
  version: VersionRecord,
  source: Source,
  options: { used?: RangeSet; signal?: AbortSignal; onProgress?: OnProgress } = {},
): Promise<ScrubResult> {
  const { clock, blockSizeBytes } = repository
  const began = clock.monotonic()
  const meter = new ProgressMeter(clock, options.onProgress)
  const lock = await lockForReading(repository, version, 'scrub', options.signal)
  const pool = new BlockPool(repository.keyring, blockSizeBytes, { threads: 1 })
  const differing: ByteRange[] = []
  const notes: string[] = []
  const usedBlocks = options.used && alignOut(options.used, blockSizeBytes)
  const isFree = (block: number) => usedBlocks !== undefined && !contains(usedBlocks, block)
  let checkedBlocks = 0
  try {
    meter.phase('verifying', version.sizeBytes)
    const ids = versionIds(repository, version)
    for (let offset = 0; offset < version.sizeBytes; offset += pool.slotBytes) {
      throwIfAborted(options.signal, 'The scrub')
      const slot = await pool.acquire()
      const bytes = Math.min(pool.slotBytes, version.sizeBytes - offset)
      const unreadable = await readTolerantly(source, slot.bytes.subarray(0, bytes), offset)
      differing.push(...unreadable)
      const found = await pool.identify(slot, bytes)
      pool.release(slot)
      const all = Buffer.from(found.ids.buffer, found.ids.byteOffset, found.ids.byteLength)
      for (let i = 0; i < found.holes.length; i++) {
        const wanted = (await ids.next()).value ?? undefined
        const same = found.holes[i]
          ? wanted === undefined
          : wanted?.equals(all.subarray(i * idBytes, (i + 1) * idBytes))
        checkedBlocks++
        if (same || (wanted === undefined && isFree(offset / blockSizeBytes + i))) continue
        const at = offset + i * blockSizeBytes
        differing.push({ offset: at, length: Math.min(blockSizeBytes, version.sizeBytes - at) })
      }
      meter.add(bytes)
    }
  } finally {
    await pool.close()
    await lock.release()
  }
  meter.end()
  if (source.sizeBytes !== version.sizeBytes) {
    notes.push(`The source has ${source.sizeBytes} bytes, the version ${version.sizeBytes}.`)
  }
  const ranges = joined(differing.sort((a, b) => a.offset - b.offset)).map(range => ({ version: version.id, ...range }))
  const reason = `The source differs from version ${version.id} in ${ranges.length} places; the version itself was not judged.`
  return {
    checkedBlocks,
    checkedBytes: version.sizeBytes,
    damaged:
      ranges.length > 0 ? [{ object: null, block: null, pack: null, reason, versions: [version.id], ranges }] : [],
    versions: ranges.length > 0 ? [version.id] : [],
    notes,
    durationMs: Math.round(clock.monotonic() - began),
  }
}

/** The id of each block of a version in turn; undefined for holes. */
async function* versionIds(repository: Repository, version: VersionRecord): AsyncGenerator<Buffer | undefined> {
  const load = (id: Buffer, level: number) => repository.blocks.loadNode(id, level)
  for await (const part of readBlockMap(load, rootOf(version), repository.blockSizeBytes)) {
    if (part.kind === 'block') yield part.id
    else for (let i = 0; i < part.count; i++) yield undefined
  }
}
