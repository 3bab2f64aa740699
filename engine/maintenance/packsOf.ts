import type { BlockRow } from '../catalogue/blockRows.ts'
import { visitIds } from '../repository/blockMapReader.ts'
import type { Repository } from '../repository/repository.ts'
import { rootsOf, type VersionRecord } from '../repository/versionRecord.ts'

/**
 * Numbers of the packs that versions need: of each block the one that `choose` picks among its copies (best first), by
 * default the best. Map nodes that cannot be read are passed over.
 */
export async function packsOf(
  repository: Repository,
  versions: readonly VersionRecord[],
  choose: (copies: readonly BlockRow[]) => BlockRow | undefined = copies => copies[0],
): Promise<Set<number>> {
  const packs = new Set<number>()
  const nodes = new Set<string>()
  const load = async (id: Buffer, level: number) => {
    try {
      return await repository.blocks.loadNode(id, level)
    } catch {
      // The scrub itself finds and names what is wrong with it.
      return { level, children: [] }
    }
  }
  for (const version of versions) {
    for (const root of rootsOf(version)) {
      await visitIds(load, root, version.blockSizeBytes, (id, kind) => {
        if (kind === 'node') {
          const key = id.toString('latin1')
          if (nodes.has(key)) return false
          nodes.add(key)
        }
        const best = choose(repository.index.locate(id))
        if (best) packs.add(best.packNum)
        return true
      })
    }
  }
  return packs
}
