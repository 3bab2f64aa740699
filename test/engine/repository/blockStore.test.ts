import { describe, expect, it } from 'vitest'
import { randomBytes } from '../../../engine/base/random.ts'
import { encodeNode, type MapNode } from '../../../engine/repository/blockMap.ts'
import { blockKind, frameTargetBytes, idBytes, mapFanout, names } from '../../../engine/repository/format.ts'
import type { Repository } from '../../../engine/repository/repository.ts'
import { MemoryStorage } from '../../../engine/storage/memory.ts'
import { FaultyStorage, storageError } from '../../support/faultyStorage.ts'
import {
  alter,
  type Block,
  flipped,
  makeBlock,
  makeBlocks,
  storePack,
  useRepositories,
} from '../../support/tempRepository.ts'

const repositories = useRepositories()

/** A repository that holds some blocks (a number of small ones, or those that are made for it) in one or more copies. */
async function withBlocks(blocks: number | ((repository: Repository) => Block[]), copies = 1) {
  const storage = new FaultyStorage(new MemoryStorage())
  const { repository } = await repositories.create({ storage })
  const list = typeof blocks === 'number' ? makeBlocks(repository, blocks) : blocks(repository)
  const packs = []
  for (let i = 0; i < copies; i++) packs.push(await storePack(repository, list))
  await repository.index.writeSegments(packs)
  const read = (block: Block, signal?: AbortSignal) => repository.blocks.readBlock(block.id, blockKind.data, signal)
  return { storage, repository, blocks: list, packs, read }
}
const failure = (code: string) => expect.objectContaining({ code })

describe('BlockStore.readBlock', () => {
  it('gives every block of every frame, of any size', async () => {
    const sizes = [1, 100, 16_384, 65_536, 65_536, 131_072, frameTargetBytes, frameTargetBytes + 1, 5]
    const { read, blocks } = await withBlocks(repository => sizes.map(size => makeBlock(repository, randomBytes(size))))
    for (const block of blocks) expect((await read(block)).equals(block.plain)).toBe(true)
  })

  it('says that a block is missing when no index knows it, or its pack is gone', async () => {
    const { repository, storage, packs, read, blocks } = await withBlocks(1)
    await expect(read(makeBlock(repository))).rejects.toEqual(failure('integrity.blockMissing'))
    await storage.delete(names.pack(packs[0]!.id))
    await expect(read(blocks[0]!)).rejects.toEqual(failure('integrity.blockMissing'))
  })

  it('says that a block is damaged when any byte of its frame was altered, and never gives wrong data', async () => {
    const { storage, packs, read, blocks } = await withBlocks(repository => [makeBlock(repository, randomBytes(30))])
    const [frame] = packs[0]!.frames
    for (let at = frame!.offset; at < frame!.offset + frame!.storedBytes; at++) {
      await alter(storage, names.pack(packs[0]!.id), flipped(at))
      await expect(read(blocks[0]!)).rejects.toEqual(failure('integrity.blockDamaged'))
      await alter(storage, names.pack(packs[0]!.id), flipped(at))
    }
    expect(await read(blocks[0]!)).toEqual(blocks[0]!.plain)
  })

  it('says that a block is damaged when its pack was cut short or cannot be read from the medium', async () => {
    const { storage, packs, read, blocks } = await withBlocks(1)
    const error = storageError('storage.failed', true)
    storage.fail({ operation: 'get', when: 'before', error })
    await expect(read(blocks[0]!)).rejects.toMatchObject({ code: 'integrity.blockDamaged', cause: error })
    await alter(storage, names.pack(packs[0]!.id), bytes => bytes.subarray(0, 200))
    await expect(read(blocks[0]!)).rejects.toEqual(failure('integrity.blockDamaged'))
  })

  it('says that a block is damaged when another is in its place, under a genuine seal', async () => {
    const { repository, read } = await withBlocks(0)
    const [wanted, given] = makeBlocks(repository, 2)
    const pack = await storePack(repository, [{ id: wanted!.id, plain: given!.plain }])
    await repository.index.writeSegments([pack])
    await expect(read(wanted!)).rejects.toMatchObject({
      code: 'integrity.blockDamaged',
      details: { fault: 'wrong id' },
    })
  })

  it('reads another copy when one is missing, cut short, altered or unreadable', async () => {
    const wounds = [
      (storage: FaultyStorage, name: string) => storage.delete(name),
      (storage: FaultyStorage, name: string) => alter(storage, name, bytes => bytes.subarray(0, 90)),
      (storage: FaultyStorage, name: string) => alter(storage, name, flipped(100)),
      async (storage: FaultyStorage, name: string) => {
        storage.fail({ operation: 'get', name, when: 'before', error: storageError('storage.failed', true) })
      },
    ]
    for (const wound of wounds) {
      for (const which of [0, 1]) {
        const { storage, packs, read, blocks } = await withBlocks(1, 2)
        await wound(storage, names.pack(packs[which]!.id))
        expect(await read(blocks[0]!)).toEqual(blocks[0]!.plain)
      }
    }
  })

  it('reads another copy when the key of one does not open', async () => {
    const { repository, storage, blocks, packs } = await withBlocks(1, 2)
    const [segment] = await repository.index.segmentIds()
    const altered = packs.map((pack, i) => {
      return i === 0 ? { ...pack, wrappedKey: flipped(20)(Buffer.from(pack.wrappedKey)) } : pack
    })
    await repository.index.writeSegments(altered, [segment!])
    await repository.index.removeSegment(segment!)
    const other = await repositories.open(storage)
    await other.refresh()
    expect(other.index.locate(blocks[0]!.id)).toHaveLength(2)
    expect(other.blocks.locate(blocks[0]!.id).map(copy => copy.row.packId)).toEqual([packs[1]!.id])
    expect(await other.blocks.readBlock(blocks[0]!.id, blockKind.data)).toEqual(blocks[0]!.plain)
    await other.index.writeSegments([altered[0]!], await other.index.segmentIds())
    await other.refresh()
    await expect(other.blocks.readBlock(blocks[0]!.id, blockKind.data)).rejects.toEqual(
      failure('integrity.objectDamaged'),
    )
  })

  it('says that it is damaged, not missing, when one copy is missing and the other damaged', async () => {
    for (const [gone, bad] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const { storage, packs, read, blocks } = await withBlocks(1, 2)
      await storage.delete(names.pack(packs[gone]!.id))
      await alter(storage, names.pack(packs[bad]!.id), flipped(100))
      await expect(read(blocks[0]!)).rejects.toEqual(failure('integrity.blockDamaged'))
    }
  })

  it('does not call a block damaged because the storage cannot be reached or the read was cancelled', async () => {
    const { storage, read, blocks } = await withBlocks(1, 2)
    storage.fail({ operation: 'get', when: 'before' })
    await expect(read(blocks[0]!)).rejects.toEqual(failure('storage.unreachable'))
    await expect(read(blocks[0]!, AbortSignal.abort())).rejects.toEqual(failure('run.cancelled'))
    expect(await read(blocks[0]!)).toEqual(blocks[0]!.plain)
  })
})

describe('BlockStore.loadNode', () => {
  const nodeOf = (level: number): MapNode => {
    const children = Array.from({ length: mapFanout }, (_, i) => (i % 5 === 0 ? randomBytes(idBytes) : undefined))
    return { level, children }
  }

  it('gives nodes as they were encoded, and reads each from the storage once', async () => {
    const storage = new FaultyStorage(new MemoryStorage())
    const { repository } = await repositories.create({ storage })
    const node = nodeOf(2)
    const block = makeBlock(repository, encodeNode(node), blockKind.map)
    await repository.index.writeSegments([await storePack(repository, [block], blockKind.map)])
    storage.calls.length = 0
    for (let i = 0; i < 3; i++) expect(await repository.blocks.loadNode(block.id, 2)).toEqual(node)
    expect(storage.calls).toHaveLength(1)
  })

  it('refuses what is no node of that level, though its id is right', async () => {
    const { repository } = await repositories.create()
    const node = makeBlock(repository, encodeNode(nodeOf(1)), blockKind.map)
    const noise = makeBlock(repository, randomBytes(100), blockKind.map)
    const data = makeBlock(repository, encodeNode(nodeOf(1)))
    await repository.index.writeSegments([
      await storePack(repository, [node, noise], blockKind.map),
      await storePack(repository, [data]),
    ])
    const load = (block: Block, level: number) => repository.blocks.loadNode(block.id, level)
    await load(node, 1)
    await expect(load(node, 0)).rejects.toEqual(failure('integrity.blockDamaged'))
    await expect(load(noise, 0)).rejects.toEqual(failure('integrity.blockDamaged'))
    // A data block with the content of a node has another id.
    await expect(load(data, 1)).rejects.toEqual(failure('integrity.blockDamaged'))
  })
})
