import { BlockMapEditor } from '../repository/blockMapEditor.ts'
import type { Repository } from '../repository/repository.ts'
import type { VersionRecord } from '../repository/versionRecord.ts'
import { BytesSource } from '../sources/bytes.ts'
import type { BlockPool } from './blockPool.ts'
import { ChunkReader } from './chunkReader.ts'
import type { MapNodeStore } from './mapNodeStore.ts'
import type { PackSink } from './packSink.ts'

/**
 * Stores a machine recipe as the blocks of a map of its own, by the same threads and into the same packs as the source before
 * it. Blocks that the repository has sound are not stored again, so a damaged recipe is healed by the next one like it.
 */
export async function storeRecipe(
  repository: Repository,
  archive: Uint8Array,
  {
    pool,
    sink,
    nodes,
    signal,
  }: { pool: BlockPool; sink: PackSink; nodes: MapNodeStore; signal?: AbortSignal | undefined },
): Promise<VersionRecord['recipe']> {
  const { blockSizeBytes } = repository
  const source = new BytesSource('machine recipe', archive)
  const reader = new ChunkReader(repository, source, pool, sink, {
    ...(signal && { signal }),
    onBytes: () => undefined,
  })
  try {
    const nothing = { id: undefined, sizeBytes: archive.length }
    const editor = await BlockMapEditor.open(nodes, nothing, archive.length, blockSizeBytes)
    await reader.read(0, Math.ceil(archive.length / blockSizeBytes), editor)
    await reader.finish(editor)
    const root = await editor.finish()
    return root && { root: root.toString('hex'), sizeBytes: archive.length }
  } finally {
    await reader.settle()
  }
}
