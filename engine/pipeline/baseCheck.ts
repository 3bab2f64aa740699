import { randomBelow } from '../base/random.ts'
import { BlockIdentifier } from '../repository/blockCrypto.ts'
import { emptyNode, type MapNode } from '../repository/blockMap.ts'
import type { MapRoot } from '../repository/blockMapEditor.ts'
import { type LoadNode, type MapPart, readBlockMap } from '../repository/blockMapReader.ts'
import { blockKind } from '../repository/format.ts'
import type { Repository } from '../repository/repository.ts'
import { type BlockHints, sampleOutsideHints } from '../sources/hints.ts'
import { normalize, type RangeSet, type Span } from '../sources/ranges.ts'
import type { Source } from '../sources/source.ts'

/** What of a base version cannot be taken over. */
export interface LostParts {
  /** Blocks that must be read again, whatever the hints say. */
  blocks: RangeSet
  /** Map nodes that do not open; their place is taken by empty ones. */
  nodes: ReadonlySet<string>
}

/**
 * Finds the blocks of a base of which no sound copy is left, or only one that is about to be pruned. Goes through the whole
 * map, so it is only asked when something is known to be damaged, missing or condemned.
 */
export async function findLostParts(repository: Repository, base: MapRoot): Promise<LostParts> {
  const lost: Span[] = []
  const nodes = new Set<string>()
  const load = async (id: Buffer, level: number): Promise<MapNode> => {
    const node = await repository.blocks.loadNode(id, level)
    if (!repository.index.isLive(id)) throw new Error('about to go')
    return node
  }
  for await (const part of readBlockMap(load, base, repository.blockSizeBytes, { tolerant: true })) {
    if (part.kind === 'unreadable') {
      nodes.add(part.node.toString('latin1'))
      lost.push({ start: part.index, end: part.index + part.count })
    } else if (part.kind === 'block' && !repository.index.isLive(part.id)) {
      lost.push({ start: part.index, end: part.index + 1 })
    }
  }
  return { blocks: normalize(lost), nodes }
}

/** Loads nodes for an editor that replaces the lost ones. */
export function loadAround(
  lost: LostParts,
  load: (id: Buffer, level: number) => Promise<MapNode>,
): (id: Buffer, level: number) => Promise<MapNode> {
  return (id, level) => (lost.nodes.has(id.toString('latin1')) ? Promise.resolve(emptyNode(level)) : load(id, level))
}

/**
 * Reads a sample of blocks that the hints call unchanged and compares them with the base. True when all agree. With
 * `holesMayDiffer`, what is a hole in the base proves nothing: it may have been free there, whatever it held.
 */
export async function hintsAgree(
  repository: Repository,
  source: Source,
  base: MapRoot,
  hints: BlockHints,
  { holesMayDiffer = false } = {},
): Promise<boolean> {
  const { blockSizeBytes } = repository
  const sample = sampleOutsideHints(hints, { sizeBytes: source.sizeBytes, blockSize: blockSizeBytes }, randomBelow)
  const identifier = new BlockIdentifier(repository.keyring)
  const buffer = Buffer.alloc(blockSizeBytes)
  const zeros = Buffer.alloc(blockSizeBytes)
  const load = (id: Buffer, level: number) => repository.blocks.loadNode(id, level)
  for (let next = 0; next < sample.length; ) {
    const part = await partAt(load, base, blockSizeBytes, sample[next]!)
    const end = part.kind === 'hole' ? part.index + part.count : part.index + 1
    for (; next < sample.length && sample[next]! < end; next++) {
      // Of a large volume that is nearly empty, the sample is nothing but holes.
      if (part.kind === 'hole' && holesMayDiffer) continue
      const offset = sample[next]! * blockSizeBytes
      const block = buffer.subarray(0, Math.min(blockSizeBytes, source.sizeBytes - offset))
      if ((await source.read(block, offset)) !== block.length) return false
      const isHole = part.kind === 'hole' && block.equals(zeros.subarray(0, block.length))
      const isSame = part.kind === 'block' && identifier.idOf(blockKind.data, block).equals(part.id)
      if (!isHole && !isSame) return false
    }
  }
  return true
}

/** The part of a map that begins at a block; a hole as far as it is known at once. Behind the end there are holes. */
async function partAt(load: LoadNode, root: MapRoot, blockSizeBytes: number, index: number): Promise<MapPart> {
  for await (const part of readBlockMap(load, root, blockSizeBytes, { from: index })) return part
  return { kind: 'hole', index, count: 1 }
}
