import type { ByteRange } from '../contract/models.ts'
import { readBlockMap } from '../repository/blockMapReader.ts'
import type { Repository } from '../repository/repository.ts'
import { rootOf, type VersionRecord } from '../repository/versionRecord.ts'

/** Blocks [start, …) of a version: such as hold data, holes, or blocks that the map has lost. */
export type RestoreChunk =
  | { kind: 'data'; start: number; blocks: { index: number; id: Buffer }[] }
  | { kind: 'hole' | 'lost'; start: number; count: number }

/** The parts of a version in the range as chunks that fit a slot: stretches of blocks, holes, and lost parts. */
export async function* chunksOf(
  repository: Repository,
  version: VersionRecord,
  range: ByteRange,
  slotBytes: number,
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
