import type { PackId, SegmentId } from '../contract/ids.ts'
import { blockCount, type PackInfo } from '../repository/pack.ts'
import type { Repository } from '../repository/repository.ts'

/** Segments under this many blocks are joined when the index is written anew. */
const smallSegmentBlocks = 16_384
const groupBlocks = 65_536

/**
 * Writes index segments anew without some packs. Each new segment is stored before those that it replaces are removed, and
 * names them, so that a reader who sees both counts them once. Segments that need no change are left alone; many small ones
 * are joined on the way.
 */
export async function dropPacksFromIndex(
  repository: Repository,
  packs: ReadonlySet<PackId>,
  signal?: AbortSignal,
): Promise<void> {
  if (packs.size === 0) return
  const { index } = repository
  let kept: PackInfo[] = []
  let replaced: SegmentId[] = []
  let blocks = 0
  const write = async () => {
    if (replaced.length === 0) return
    await index.writeSegments(kept, replaced, signal)
    for (const id of replaced) await index.removeSegment(id)
    kept = []
    replaced = []
    blocks = 0
  }
  for (const id of await index.segmentIds(signal)) {
    const segment = await index.readSegment(id, signal)
    if (!segment) continue
    const rest = segment.packs.filter(pack => !packs.has(pack.id))
    const size = rest.reduce((sum, pack) => sum + blockCount(pack.frames), 0)
    if (rest.length === segment.packs.length && size >= smallSegmentBlocks) continue
    kept.push(...rest)
    replaced.push(id)
    blocks += size
    if (blocks >= groupBlocks) await write()
  }
  await write()
}
