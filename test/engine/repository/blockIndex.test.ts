import { describe, expect, it } from 'vitest'
import { randomHex } from '../../../engine/base/random.ts'
import { packState } from '../../../engine/catalogue/blockRows.ts'
import type { SegmentId } from '../../../engine/contract/ids.ts'
import { idBytes, names } from '../../../engine/repository/format.ts'
import type { PackInfo } from '../../../engine/repository/pack.ts'
import type { Repository } from '../../../engine/repository/repository.ts'
import { MemoryStorage } from '../../../engine/storage/memory.ts'
import type { Storage } from '../../../engine/storage/storage.ts'
import { FaultyStorage, storageError } from '../../support/faultyStorage.ts'
import {
  alter,
  type Block,
  flipped,
  makeBlocks,
  namesIn,
  storePack,
  useRepositories,
} from '../../support/tempRepository.ts'

const repositories = useRepositories()

/** A repository with `packs` packs of two blocks each, listed in one segment. */
async function withPacks(packs: number, storage: Storage = new MemoryStorage()) {
  const made = await repositories.create({ storage })
  const { repository } = made
  const blocks: Block[] = []
  const infos: PackInfo[] = []
  for (let i = 0; i < packs; i++) {
    const two = makeBlocks(repository, 2)
    blocks.push(two[0]!, two[1]!)
    infos.push(await storePack(repository, two))
  }
  await repository.index.writeSegments(infos)
  const [segment] = await namesIn(storage, 'index')
  return { ...made, blocks, packs: infos, segment: segment!.slice('index/'.length) as SegmentId }
}

/** Which blocks may be referred to, and which can be read, by their position. */
function view(repository: Repository, blocks: readonly Block[]) {
  const positions = (test: (id: Buffer) => boolean) => blocks.flatMap(({ id }, i) => (test(id) ? [i] : []))
  return {
    live: positions(id => repository.index.isLive(id)),
    readable: positions(id => repository.index.locate(id).some(row => row.packState < packState.missing)),
  }
}
const both = (...positions: number[]) => ({ live: positions, readable: positions })
/** As a computer sees it that has never seen the repository before. */
const freshView = async (storage: Storage, blocks: readonly Block[]) => {
  const repository = await repositories.open(storage)
  await repository.refresh()
  return view(repository, blocks)
}

describe('BlockIndex.refresh', () => {
  it('finds what segments list, also those that others have written since', async () => {
    const { storage, repository, blocks, packs } = await withPacks(2)
    const other = await repositories.open(storage)
    expect(view(other, blocks)).toEqual(both())
    await other.refresh()
    expect(view(other, blocks)).toEqual(both(0, 1, 2, 3))
    const [row] = other.index.locate(blocks[3]!.id)
    expect(row).toMatchObject({ packId: packs[1]!.id, frameOffset: 84, start: 1000, plainBytes: 1000, damaged: 0 })
    expect(row!.wrappedKey).toEqual(packs[1]!.wrappedKey)

    const more = makeBlocks(repository, 1)
    await repository.index.writeSegments([await storePack(repository, more)])
    expect(view(other, more)).toEqual(both())
    await other.refresh()
    expect(view(other, [...blocks, ...more])).toEqual(both(0, 1, 2, 3, 4))
  })

  it('forgets what segments listed that are gone, and finds it again when they are back', async () => {
    const { storage, repository, blocks, segment } = await withPacks(1)
    const bytes = await storage.get(names.segment(segment))
    await storage.delete(names.segment(segment))
    await repository.refresh()
    expect(view(repository, blocks)).toEqual(both())
    await storage.put(names.segment(segment), [bytes])
    await repository.refresh()
    expect(view(repository, blocks)).toEqual(both(0, 1))
  })

  it('leaves out what a superseded segment listed, whether or not that is still there', async () => {
    const { storage, repository, blocks, packs, segment } = await withPacks(2)
    const other = await repositories.open(storage)
    await other.refresh()
    await repository.index.writeSegments([packs[1]!], [segment])
    for (let removed = 0; removed < 2; removed++) {
      for (const one of [repository, other]) {
        await one.refresh()
        expect(view(one, blocks)).toEqual(both(2, 3))
      }
      expect(await freshView(storage, blocks)).toEqual(both(2, 3))
      await repository.index.removeSegment(segment)
    }
  })

  it('goes back to the old segments when the repository is that of an earlier day again', async () => {
    const { storage, repository, blocks, packs, segment } = await withPacks(2)
    const old = await storage.get(names.segment(segment))
    await repository.index.writeSegments([packs[1]!], [segment])
    await repository.index.removeSegment(segment)
    await repository.refresh()
    for (const name of await namesIn(storage, 'index')) await storage.delete(name)
    await storage.put(names.segment(segment), [old])
    await repository.refresh()
    expect(view(repository, blocks)).toEqual(both(0, 1, 2, 3))
  })

  it('counts a segment again when the one that replaced it is lost, however much it had forgotten', async () => {
    // More packs than it keeps in mind when they are gone.
    const { storage, repository, blocks, packs, segment } = await withPacks(70)
    await repository.index.writeSegments([packs[0]!], [segment])
    await repository.refresh()
    expect(view(repository, blocks)).toEqual(both(0, 1))
    expect(repository.index.table.packs()).toHaveLength(1)
    for (const name of await namesIn(storage, 'index')) if (name !== names.segment(segment)) await storage.delete(name)
    await repository.refresh()
    expect(view(repository, blocks)).toEqual(both(...blocks.keys()))
  })

  it('does not count a segment again when the one that replaced it was replaced in turn', async () => {
    const { storage, repository, blocks, packs, segment } = await withPacks(3)
    // A prune that was killed before it removed the first segment, and then another prune.
    await repository.index.writeSegments(packs.slice(1), [segment])
    const second = (await repository.index.segmentIds())[0]!
    await repository.index.writeSegments(packs.slice(2), [second])
    await repository.index.removeSegment(second)
    expect(await namesIn(storage, 'index')).toContain(names.segment(segment))
    await repository.refresh()
    expect(view(repository, blocks)).toEqual(both(4, 5))
    expect(await freshView(storage, blocks)).toEqual(both(4, 5))
  })

  it('knows of a segment that was left behind that it is replaced, however often that one is replaced in turn', async () => {
    const { storage, repository, blocks, packs, segment } = await withPacks(4)
    // A prune that was killed before it removed the first segment, and then one that sweeps two lists.
    await repository.index.writeSegments(packs.slice(1), [segment])
    for (const from of [2, 3]) {
      const inForce = await repository.index.segmentIds()
      expect(inForce).toHaveLength(1)
      expect(inForce).not.toContain(segment)
      await repository.index.writeSegments(packs.slice(from), inForce)
      await repository.index.removeSegment(inForce[0]!)
    }
    expect(await namesIn(storage, 'index')).toContain(names.segment(segment))
    await repository.refresh()
    expect(view(repository, blocks)).toEqual(both(6, 7))
    expect(await freshView(storage, blocks)).toEqual(both(6, 7))
  })

  it.each(['seen before', 'never seen'])('misses nothing while segments are replaced (repository %s)', async seen => {
    const storage = new FaultyStorage(new MemoryStorage())
    const { repository, blocks, packs, segment } = await withPacks(2, storage)
    const other = await repositories.open(storage)
    if (seen === 'seen before') await other.refresh()
    const { list } = storage
    let lists = 0
    storage.list = async function* (folder, signal) {
      // The first listing comes just too early for the new segment, and too late for the old one.
      if (folder === 'index' && lists++ === 0) {
        yield* list.call(storage, 'nothing')
        await repository.index.writeSegments(packs, [segment])
        await repository.index.removeSegment(segment)
      } else yield* list.call(storage, folder, signal)
    }
    await other.refresh()
    expect(view(other, blocks)).toEqual(both(0, 1, 2, 3))
  })

  it('reads the packs themselves when a segment is damaged, every time, until they are listed anew', async () => {
    const { storage, repository, stateDir, blocks, segment } = await withPacks(2)
    await alter(storage, names.segment(segment), flipped(60))
    const other = await repositories.open(storage)
    for (let i = 0; i < 3; i++) {
      await other.refresh()
      expect(other.index.damagedSegments).toEqual([segment])
      expect(view(other, blocks)).toEqual(both(0, 1, 2, 3))
    }
    // Who has read it before it was damaged does not need it.
    await (await repositories.open(storage, { stateDir })).refresh()
    expect(view(repository, blocks)).toEqual(both(0, 1, 2, 3))
    const { adopted } = await other.index.reconcile()
    expect(adopted).toHaveLength(2)
    await other.index.writeSegments(adopted)
    await storage.delete(names.segment(segment))
    expect(await freshView(storage, blocks)).toEqual(both(0, 1, 2, 3))
  })

  it('takes a segment that the medium does not give back for damaged, and an unreachable storage for neither', async () => {
    const { storage, blocks } = await withPacks(1)
    const faulty = new FaultyStorage(storage)
    const other = await repositories.open(faulty)
    faulty.fail({ operation: 'get', name: /^index/, when: 'before' })
    await expect(other.refresh()).rejects.toMatchObject({ code: 'storage.unreachable' })
    const error = storageError('storage.failed', true)
    faulty.fail({ operation: 'get', name: /^index/, when: 'before', times: 9, error })
    await other.refresh()
    expect(view(other, blocks)).toEqual(both(0, 1))
  })

  it('takes no notice of files that are no segments', async () => {
    const { storage, repository, blocks } = await withPacks(1)
    await storage.put('index/desktop.ini', [Buffer.from('[shell]')])
    await repository.refresh()
    expect(repository.index.damagedSegments).toEqual([])
    expect(view(repository, blocks)).toEqual(both(0, 1))
  })
})

describe('packs that were just stored', () => {
  it('are findable at once, and stay so while and after their segment is written', async () => {
    const storage = new FaultyStorage(new MemoryStorage())
    const { repository } = await repositories.create({ storage })
    const [one, two] = [makeBlocks(repository, 2), makeBlocks(repository, 2)]
    const packs = [await storePack(repository, one), await storePack(repository, two)]
    for (const pack of packs) repository.index.addStored(pack)
    expect(view(repository, [...one, ...two])).toEqual(both(0, 1, 2, 3))
    const { put } = storage
    storage.put = async (...args) => {
      expect(view(repository, [...one, ...two])).toEqual(both(0, 1, 2, 3))
      return put.apply(storage, args)
    }
    await repository.index.writeSegments([packs[0]!])
    storage.put = put
    expect(view(repository, [...one, ...two])).toEqual(both(0, 1, 2, 3))
    expect(await freshView(storage, [...one, ...two])).toEqual(both(0, 1))
  })

  it('stay findable when their segment cannot be stored', async () => {
    const storage = new FaultyStorage(new MemoryStorage())
    const { repository } = await repositories.create({ storage })
    const blocks = makeBlocks(repository, 2)
    const pack = await storePack(repository, blocks)
    repository.index.addStored(pack)
    storage.fail({ operation: 'put', name: /^index/, when: 'before' })
    await expect(repository.index.writeSegments([pack])).rejects.toMatchObject({ code: 'storage.unreachable' })
    expect(view(repository, blocks)).toEqual(both(0, 1))
  })

  it('are not relied on by the next run until it has found and listed them', async () => {
    const { repository, storage } = await repositories.create()
    const blocks = makeBlocks(repository, 2)
    const pack = await storePack(repository, blocks)
    repository.index.addStored(pack)
    // That run failed. Before the next one, somebody removed what it had left.
    await storage.delete(names.pack(pack.id))
    await repository.refresh()
    expect(view(repository, blocks)).toEqual(both())
    expect(await repository.index.reconcile()).toMatchObject({ adopted: [], missing: [] })
    expect(view(repository, blocks)).toEqual(both())
  })

  it('of two connections to one catalogue do not get in the way of each other', async () => {
    const { storage, stateDir, repository: a } = await repositories.create()
    const b = await repositories.open(storage, { stateDir })
    const blocks: Block[] = []
    const runs = [a, b].map(async repository => {
      for (let i = 0; i < 8; i++) {
        const two = makeBlocks(repository, 2)
        const pack = await storePack(repository, two)
        repository.index.addStored(pack)
        if (i % 3 === 0) await repository.refresh()
        await repository.index.writeSegments([pack])
        blocks.push(...two)
      }
    })
    await Promise.all(runs)
    const all = both(...blocks.keys())
    for (const one of [a, b]) {
      await one.refresh()
      expect(view(one, blocks)).toEqual(all)
    }
    expect(await freshView(storage, blocks)).toEqual(all)
  })
})

describe('segments', () => {
  it('hold many packs, in several objects when there are too many blocks for one', async () => {
    const { repository, storage } = await repositories.create()
    const template = await storePack(repository, makeBlocks(repository, 1))
    const frame = template.frames[0]!
    const packs = Array.from({ length: 5 }, (): PackInfo => {
      const id = randomHex(16) as PackInfo['id']
      const blocks = Array.from({ length: 30_000 }, () => ({
        id: Buffer.from(randomHex(idBytes), 'hex'),
        plainBytes: 1,
      }))
      return { ...template, id, frames: [{ ...frame, plainBytes: 30_000, blocks }] }
    })
    await repository.index.writeSegments(packs)
    expect(await namesIn(storage, 'index')).toHaveLength(3)
    const other = await repositories.open(storage)
    await other.refresh()
    for (const pack of packs) {
      for (const i of [0, 29_999]) expect(other.index.locate(pack.frames[0]!.blocks[i]!.id)).toHaveLength(1)
    }
  }, 60_000)
})
