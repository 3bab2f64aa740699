import { HoldfastError, throwIfAborted } from '../contract/errors.ts'
import type { ByteRange } from '../contract/models.ts'
import type { MapRoot } from '../repository/blockMapEditor.ts'
import { readBlockMap } from '../repository/blockMapReader.ts'
import { blockKind } from '../repository/format.ts'
import type { Repository } from '../repository/repository.ts'
import { recipeRootOf, rootOf, type VersionRecord } from '../repository/versionRecord.ts'
import { lockForReading } from './readLock.ts'

const mostBytes = 1024 * 1024
/** Neighbouring ranges share blocks. */
const keptBlocks = 16

/**
 * Lets `work` read ranges of a version while a lock keeps its blocks from being pruned. Each block is checked by tag and id. A
 * few places only: nothing is done in threads.
 */
export async function readVersion<T>(
  repository: Repository,
  version: VersionRecord,
  work: (read: (range: ByteRange) => Promise<Buffer>) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  return await readMap(repository, version, rootOf(version), work, signal)
}

/** The same for its machine recipe, which `work` gets with its size; undefined when it has none. */
export async function readRecipe<T>(
  repository: Repository,
  version: VersionRecord,
  work: (read: (range: ByteRange) => Promise<Buffer>, sizeBytes: number) => Promise<T>,
  signal?: AbortSignal,
): Promise<T | undefined> {
  const map = recipeRootOf(version)
  return map && (await readMap(repository, version, map, read => work(read, map.sizeBytes), signal))
}

/** All bytes of its machine recipe; undefined when it has none. Fails with integrity.* when it is damaged. */
export async function readWholeRecipe(
  repository: Repository,
  version: VersionRecord,
  signal?: AbortSignal,
): Promise<Buffer | undefined> {
  const whole = async (read: (range: ByteRange) => Promise<Buffer>, sizeBytes: number) => {
    const archive = Buffer.alloc(sizeBytes)
    for (let offset = 0; offset < sizeBytes; offset += mostBytes) {
      archive.set(await read({ offset, length: Math.min(mostBytes, sizeBytes - offset) }), offset)
    }
    return archive
  }
  return await readRecipe(repository, version, whole, signal)
}

async function readMap<T>(
  repository: Repository,
  version: VersionRecord,
  map: MapRoot,
  work: (read: (range: ByteRange) => Promise<Buffer>) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  const lock = await lockForReading(repository, version, 'read', signal)
  const kept = new Map<string, Buffer>()
  const readBlock = async (id: Buffer): Promise<Buffer> => {
    const key = id.toString('hex')
    const known = kept.get(key)
    if (known) return known
    const block = await repository.blocks.readBlock(id, blockKind.data, signal)
    if (kept.size >= keptBlocks) kept.delete(kept.keys().next().value!)
    kept.set(key, block)
    return block
  }
  try {
    return await work(range => readRange(repository, version, map, range, readBlock, signal))
  } finally {
    await lock.release()
  }
}

async function readRange(
  repository: Repository,
  version: VersionRecord,
  map: MapRoot,
  { offset, length }: ByteRange,
  readBlock: (id: Buffer) => Promise<Buffer>,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const isInside = Number.isSafeInteger(offset) && offset >= 0 && length >= 0 && offset + length <= map.sizeBytes
  if (!isInside || length > mostBytes) {
    throw new HoldfastError('usage.invalid', `No ${length} bytes at ${offset} can be read of version ${version.id}.`, {
      advice: `Ask for at most ${mostBytes} bytes, inside of the version.`,
      details: { version: version.id, offset, length, sizeBytes: map.sizeBytes },
    })
  }
  const out = Buffer.alloc(length)
  if (length === 0) return out
  const size = repository.blockSizeBytes
  const blocks = { from: Math.floor(offset / size), to: Math.ceil((offset + length) / size) }
  const load = (id: Buffer, level: number) => repository.blocks.loadNode(id, level, signal)
  for await (const part of readBlockMap(load, map, size, blocks)) {
    throwIfAborted(signal, 'The reading')
    if (part.kind !== 'block') continue
    const block = await readBlock(part.id)
    const at = part.index * size
    const from = Math.max(at, offset)
    const to = Math.min(at + block.length, offset + length)
    if (from < to) block.copy(out, from - offset, from - at, to - at)
  }
  return out
}
