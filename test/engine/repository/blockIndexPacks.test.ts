import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packState } from '../../../engine/catalogue/blockRows.ts'
import type { SegmentId } from '../../../engine/contract/ids.ts'
import { names } from '../../../engine/repository/format.ts'
import type { PackInfo } from '../../../engine/repository/pack.ts'
import type { Repository } from '../../../engine/repository/repository.ts'
import { MemoryStorage } from '../../../engine/storage/memory.ts'
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
const at = '2026-01-31T10:00:00.000Z'
const hexOf = (block: Block): string => block.id.toString('hex')

async function withPacks(packs: number, listed = packs) {
  const storage = new FaultyStorage(new MemoryStorage())
  const made = await repositories.create({ storage })
  const blocks: Block[] = []
  const infos: PackInfo[] = []
  for (let i = 0; i < packs; i++) {
    const [block] = makeBlocks(made.repository, 1)
    blocks.push(block!)
    infos.push(await storePack(made.repository, [block!]))
  }
  if (listed > 0) await made.repository.index.writeSegments(infos.slice(0, listed))
  return { ...made, storage, blocks, packs: infos }
}
const idsOf = (packs: readonly { id: string }[]): string[] => packs.map(pack => pack.id).sort()
const liveOf = (repository: Repository, blocks: readonly Block[]) => blocks.map(({ id }) => repository.index.isLive(id))

describe('BlockIndex.reconcile', () => {
  it('finds nothing to say of a repository in order', async () => {
    const { repository } = await withPacks(3)
    await repository.refresh()
    const nothing = { missing: [], adopted: [], adoptedAt: new Map(), unreadable: [] }
    expect(await repository.index.reconcile()).toEqual(nothing)
  })

  it('finds packs that are missing or cut short; nobody refers to them until they are back', async () => {
    const { repository, storage, blocks, packs, stateDir } = await withPacks(3)
    const bytes = await storage.get(names.pack(packs[0]!.id))
    await storage.delete(names.pack(packs[0]!.id))
    await alter(storage, names.pack(packs[1]!.id), whole => whole.subarray(0, 100))
    await repository.refresh()
    const { missing } = await repository.index.reconcile()
    expect(missing).toHaveLength(2)
    const expected = packs.map(pack => pack.sizeBytes)
    expect(missing).toContainEqual({ id: packs[0]!.id, found: undefined, expected: expected[0] })
    expect(missing).toContainEqual({ id: packs[1]!.id, found: 100, expected: expected[1] })
    // Another process on this computer, which has not looked, does not undo it.
    const other = await repositories.open(storage, { stateDir })
    for (const one of [other, repository]) {
      await one.refresh()
      expect(liveOf(one, blocks)).toEqual([false, false, true])
      expect(blocks.map(block => one.index.hasSoundCopy(block.id))).toEqual([false, false, true])
    }
    await storage.put(names.pack(packs[0]!.id), [bytes])
    expect((await repository.index.reconcile()).missing).toHaveLength(1)
    expect(liveOf(repository, blocks)).toEqual([true, false, true])
  })

  it('still tries to read a block from a pack that was missing: it may be back', async () => {
    const { repository, storage, blocks, packs } = await withPacks(1)
    const name = names.pack(packs[0]!.id)
    const bytes = await storage.get(name)
    await storage.delete(name)
    await repository.index.reconcile()
    const reading = () => repository.blocks.readBlock(blocks[0]!.id, 1)
    await expect(reading()).rejects.toMatchObject({ code: 'integrity.blockMissing' })
    await storage.put(name, [bytes])
    expect(await reading()).toEqual(blocks[0]!.plain)
  })

  it('takes in packs that no segment lists, again and again until one does', async () => {
    const { repository, storage, blocks, packs } = await withPacks(3, 1)
    for (let i = 0; i < 3; i++) {
      await repository.refresh()
      expect(liveOf(repository, blocks)).toEqual([true, false, false])
      const { adopted, adoptedAt } = await repository.index.reconcile()
      expect(idsOf(adopted)).toEqual(idsOf(packs.slice(1)))
      expect([...adoptedAt.values()].every(time => time > 0)).toBe(true)
      expect(liveOf(repository, blocks)).toEqual([true, true, true])
    }
    const { adopted } = await repository.index.reconcile()
    await repository.index.writeSegments(adopted)
    await repository.refresh()
    expect((await repository.index.reconcile()).adopted).toEqual([])
    const other = await repositories.open(storage)
    await other.refresh()
    expect(liveOf(other, blocks)).toEqual([true, true, true])
  })

  it('names unlisted packs that cannot be read, and goes on', async () => {
    const { repository, storage, packs } = await withPacks(3, 0)
    await alter(storage, names.pack(packs[0]!.id), flipped(3))
    const error = storageError('storage.failed', true)
    storage.fail({ operation: 'get', name: names.pack(packs[1]!.id), when: 'before', error })
    const { adopted, unreadable } = await repository.index.reconcile()
    expect([...unreadable].sort()).toEqual(idsOf(packs.slice(0, 2)))
    expect(idsOf(adopted)).toEqual([packs[2]!.id])
  })

  it('does not call a pack missing that another run stores and lists meanwhile', async () => {
    const { repository, storage, stateDir } = await withPacks(1)
    const other = await repositories.open(storage, { stateDir })
    const [block] = makeBlocks(repository, 1)
    const { list } = storage
    storage.list = async function* (folder, signal) {
      yield* list.call(storage, folder, signal)
      // Too late for this listing, and in the catalogue at once: it is the same one.
      if (folder === 'packs') await other.index.writeSegments([await storePack(other, [block!])])
    }
    expect((await repository.index.reconcile()).missing).toEqual([])
    storage.list = list
    await repository.refresh()
    expect(liveOf(repository, [block!])).toEqual([true])
  })
})

describe('condemned packs', () => {
  it('are not referred to any more but can still be read, until their list is gone', async () => {
    const { repository, storage, blocks, packs } = await withPacks(2)
    const other = await repositories.open(storage)
    await other.refresh()
    const list = await repository.condemned.condemn([packs[0]!.id], at)
    for (const one of [repository, other, await repositories.open(storage)]) {
      await one.refresh()
      expect(liveOf(one, blocks)).toEqual([false, true])
      expect(one.index.hasSoundCopy(blocks[0]!.id)).toBe(true)
      expect(await one.blocks.readBlock(blocks[0]!.id, 1)).toEqual(blocks[0]!.plain)
    }
    await repository.condemned.remove(list)
    await other.refresh()
    expect(liveOf(other, blocks)).toEqual([true, true])
  })

  it('that no segment lists any more are not taken in again', async () => {
    // As left by a prune that was killed between writing the index and deleting the packs.
    const { repository, blocks, packs } = await withPacks(2, 1)
    await repository.condemned.condemn(
      packs.map(pack => pack.id),
      at,
    )
    await repository.refresh()
    const reconciled = await repository.index.reconcile()
    expect(reconciled).toMatchObject({ adopted: [], missing: [] })
    expect(reconciled.adoptedAt.size).toBe(0)
    expect(liveOf(repository, blocks)).toEqual([false, false])
    expect(await repository.blocks.readBlock(blocks[1]!.id, 1)).toEqual(blocks[1]!.plain)
    expect(await repository.index.unlistedPacks()).toEqual([])
  })

  it('that are deleted are not reported as missing', async () => {
    const { repository, storage, blocks, packs } = await withPacks(2)
    await repository.condemned.condemn([packs[0]!.id], at)
    await repository.refresh()
    await storage.delete(names.pack(packs[0]!.id))
    expect((await repository.index.reconcile()).missing).toEqual([])
    expect(liveOf(repository, blocks)).toEqual([false, true])
  })

  it('do not come to life through another process with an older view of the repository', async () => {
    const { repository, storage, stateDir, blocks, packs } = await withPacks(2)
    const blind = new FaultyStorage(storage)
    const old = await repositories.open(blind, { stateDir })
    const list = blind.list.bind(blind)
    // It has looked at the condemned lists just before this one was stored.
    blind.list = folder => list(folder === 'condemned' ? 'nothing' : folder)
    await repository.condemned.condemn([packs[0]!.id], at)
    await repository.refresh()
    await old.refresh()
    await old.index.reconcile()
    expect(liveOf(repository, blocks)).toEqual([false, true])
    // Not even when packs are written, which makes it look at the catalogue anew.
    repository.index.addStored(await storePack(repository, makeBlocks(repository, 1)))
    repository.index.locate(blocks[0]!.id)
    await repository.index.writeSegments([packs[0]!])
    expect(liveOf(repository, blocks)).toEqual([false, true])
  })

  it('are those of the newest look when several look at once', async () => {
    const { repository, storage, blocks, packs } = await withPacks(1)
    const { list } = storage
    let slow: (() => void) | undefined
    storage.list = async function* (folder, signal) {
      yield* list.call(storage, folder, signal)
      if (folder === 'condemned' && !slow) await new Promise<void>(resolve => (slow = resolve))
    }
    const first = repository.refresh()
    while (!slow) await new Promise(resolve => setImmediate(resolve))
    await repository.condemned.condemn([packs[0]!.id], at)
    const second = repository.refresh()
    await new Promise(resolve => setTimeout(resolve, 20))
    slow()
    await Promise.all([first, second])
    expect(liveOf(repository, blocks)).toEqual([false])
  })
})

describe('damaged copies', () => {
  const damage = (packs: readonly PackInfo[], block: Block) => {
    return packs.map(pack => ({ pack: pack.id as string, block: hexOf(block) }))
  }
  const mark = (copies: { pack: string; block: string }[]) => {
    return { kind: 'damage' as const, at, copies, packs: [], versions: [] }
  }

  it('are not referred to, and are read last', async () => {
    const { repository, blocks, packs } = await withPacks(1)
    await repository.versions.putMark(mark(damage(packs, blocks[0]!)))
    await repository.refresh()
    expect(liveOf(repository, blocks)).toEqual([false])
    expect(repository.index.hasSoundCopy(blocks[0]!.id)).toBe(false)
    expect(repository.index.locate(blocks[0]!.id)).toHaveLength(1)

    const second = await storePack(repository, [blocks[0]!])
    await repository.index.writeSegments([second])
    expect(liveOf(repository, blocks)).toEqual([true])
    expect(repository.index.locate(blocks[0]!.id).map(row => row.packId)).toEqual([second.id, packs[0]!.id])
  })

  it('are sound again when a later mark says so, and are known before their pack is', async () => {
    const { repository, storage, blocks, packs } = await withPacks(1)
    await repository.versions.putMark(mark(damage(packs, blocks[0]!)))
    const other = await repositories.open(storage)
    await other.refresh()
    expect(liveOf(other, blocks)).toEqual([false])
    // The segment is forgotten and read again: the flag is still there.
    const [name] = await namesIn(storage, 'index')
    const bytes = await storage.get(name!)
    await storage.delete(name!)
    await other.refresh()
    await storage.put(name!, [bytes])
    await other.refresh()
    expect(liveOf(other, blocks)).toEqual([false])
    await repository.versions.putMark({ kind: 'sound', at, copies: damage(packs, blocks[0]!), packs: [] })
    await other.refresh()
    expect(liveOf(other, blocks)).toEqual([true])
  })

  it('are known in packs that are taken in later', async () => {
    const { repository, blocks, packs } = await withPacks(2, 0)
    await repository.versions.putMark(mark(damage([packs[0]!], blocks[0]!)))
    await repository.refresh()
    await repository.index.reconcile()
    expect(liveOf(repository, blocks)).toEqual([false, true])
    expect(repository.index.locate(blocks[0]!.id)).toMatchObject([{ damaged: 1 }])
  })

  it('leave out packs that marks call missing, until they are looked for and found', async () => {
    const { repository, blocks, packs } = await withPacks(2)
    await repository.versions.putMark({ ...mark([]), packs: [packs[0]!.id] })
    await repository.refresh()
    expect(liveOf(repository, blocks)).toEqual([false, true])
    expect(await repository.blocks.readBlock(blocks[0]!.id, 1)).toEqual(blocks[0]!.plain)
    await repository.index.reconcile()
    expect(liveOf(repository, blocks)).toEqual([true, true])
  })
})

describe('a catalogue that was brought up to date many times', () => {
  /** What may happen to a repository between two looks; the numbers choose what it happens to. */
  const event = fc.record({
    kind: fc.constantFrom('store', 'list', 'replace', 'hide', 'condemn', 'pardon', 'look'),
    pick: fc.nat(1000),
  })

  it('says the same as a new one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 5, maxLength: 25 }), async events => {
        const { repository, storage } = await withPacks(1)
        const veteran = await repositories.open(storage)
        const packs: { info: PackInfo; block: Block }[] = []
        const hidden = new Map<string, Uint8Array>()
        const choose = <T>(list: readonly T[], pick: number): T | undefined => list[pick % Math.max(1, list.length)]
        const compare = async () => {
          const novice = await repositories.open(storage)
          const blocks = packs.map(pack => pack.block)
          for (const one of [veteran, novice]) await one.refresh()
          const stateOf = (one: Repository, id: Buffer) => ({
            live: one.index.isLive(id),
            readable: one.index.locate(id).some(row => row.packState < packState.missing),
          })
          const viewOf = (one: Repository) => blocks.map(({ id }) => stateOf(one, id))
          expect(viewOf(veteran)).toEqual(viewOf(novice))
          for (const one of [veteran, novice]) await one.index.reconcile()
          expect(viewOf(veteran)).toEqual(viewOf(novice))
          await novice.close()
        }
        for (const { kind, pick } of events) {
          const segment = choose(await namesIn(storage, 'index'), pick)
          if (kind === 'store') {
            const [block] = makeBlocks(repository, 1)
            packs.push({ info: await storePack(repository, [block!]), block: block! })
          } else if (kind === 'list') {
            const some = packs.slice(pick % Math.max(1, packs.length)).map(pack => pack.info)
            if (some.length > 0) await repository.index.writeSegments(some)
          } else if (kind === 'replace' && segment) {
            const some = packs.slice(0, pick % 3).map(pack => pack.info)
            const id = segment.slice('index/'.length) as SegmentId
            await repository.index.writeSegments(some, [id])
            if (pick % 2 === 0) await repository.index.removeSegment(id)
          } else if (kind === 'hide') {
            const [back] = hidden
            if (back && pick % 2 === 0) {
              await storage.put(back[0], [back[1]])
              hidden.delete(back[0])
            } else if (segment) {
              hidden.set(segment, await storage.get(segment))
              await storage.delete(segment)
            }
          } else if (kind === 'condemn') {
            await repository.condemned.condemn([choose(packs, pick)?.info.id ?? []].flat(), at)
          } else if (kind === 'pardon') {
            const list = choose(await repository.condemned.list(), pick)
            if (list) await repository.condemned.remove(list.id)
          } else if (kind === 'look') await compare()
        }
        await compare()
      }),
      { numRuns: 25 },
    )
  }, 60_000)
})
