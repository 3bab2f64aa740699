import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { levelsFor } from '../../../engine/repository/blockMap.ts'
import { BlockMapEditor } from '../../../engine/repository/blockMapEditor.ts'
import { readBlockMap } from '../../../engine/repository/blockMapReader.ts'
import { mapFanout } from '../../../engine/repository/format.ts'
import { collect } from '../../support/collect.ts'
import {
  changed,
  edited,
  idOfContent,
  type MapModel,
  modelBlockBytes,
  nodesUnder,
  rootOfModel,
  someSize,
  someStretches,
} from '../../support/mapModel.ts'
import { NodeMemory } from '../../support/nodeMemory.ts'

const nothing = (sizeBytes = 0) => ({ id: undefined, sizeBytes })
const bytesOf = (blocks: number): number => blocks * modelBlockBytes
const full = (size: number, content = 0): MapModel => Array.from({ length: size }, (_, i) => content + i)

async function openOn(store: NodeMemory, base: MapModel, size = base.length): Promise<BlockMapEditor> {
  const root = { id: await rootOfModel(store, base), sizeBytes: bytesOf(base.length) }
  store.forgetCounts()
  return BlockMapEditor.open(store, root, bytesOf(size), modelBlockBytes)
}

describe('BlockMapEditor', () => {
  it('makes of any base and any changes the one map that the content has', async () => {
    await fc.assert(
      fc.asyncProperty(someSize, someStretches, someSize, someStretches, async (baseSize, filling, size, changes) => {
        const store = new NodeMemory()
        const base = changed([], baseSize, filling)
        const baseRoot = await edited(store, nothing(), baseSize, filling)
        expect(baseRoot).toEqual(await rootOfModel(store, base))

        const root = await edited(store, { id: baseRoot, sizeBytes: bytesOf(baseSize) }, size, changes)
        expect(root).toEqual(await rootOfModel(store, changed(base, size, changes)))
      }),
      { numRuns: 150 },
    )
  }, 60_000)

  it('makes the same map whether holes are set one by one or as stretches', async () => {
    await fc.assert(
      fc.asyncProperty(someSize, someStretches, someStretches, async (size, filling, changes) => {
        const store = new NodeMemory()
        const base = { id: await edited(store, nothing(), size, filling), sizeBytes: bytesOf(size) }
        expect(await edited(store, base, size, changes, true)).toEqual(await edited(store, base, size, changes))
      }),
      { numRuns: 60 },
    )
  }, 60_000)

  it('comes to the same root by way of other versions, of other sizes, as from nothing', async () => {
    const content = fc.array(fc.option(fc.nat(3), { nil: undefined }), { minLength: 1, maxLength: 700 })
    await fc.assert(
      fc.asyncProperty(
        content,
        fc.array(fc.tuple(someSize, someStretches), { maxLength: 3 }),
        async (model, detours) => {
          const store = new NodeMemory()
          let base = { id: undefined as Buffer | undefined, sizeBytes: 0 }
          for (const [size, stretches] of detours) {
            base = { id: await edited(store, base, size, stretches), sizeBytes: bytesOf(size) }
          }
          const editor = await BlockMapEditor.open(store, base, bytesOf(model.length), modelBlockBytes)
          for (const [i, n] of model.entries()) await editor.set(i, n === undefined ? undefined : idOfContent(n))
          expect(await editor.finish()).toEqual(await rootOfModel(store, model))
        },
      ),
      { numRuns: 50 },
    )
  }, 60_000)

  it('has no root when everything is a hole', async () => {
    for (const size of [0, 1, mapFanout, mapFanout + 1, mapFanout ** 2 + 1]) {
      const store = new NodeMemory()
      const editor = await openOn(store, full(size))
      await editor.setHoles(0, size)
      expect(await editor.finish()).toBeUndefined()
      expect(await (await openOn(store, full(300), 0)).finish()).toBeUndefined()
    }
  })

  it('counts a short last block like any other', async () => {
    const store = new NodeMemory()
    const editor = await BlockMapEditor.open(store, nothing(), bytesOf(128) + 1, modelBlockBytes)
    await editor.set(128, idOfContent(1))
    const parts = readBlockMap(store.load, { id: await editor.finish(), sizeBytes: bytesOf(128) + 1 }, modelBlockBytes)
    expect(await collect(parts)).toEqual([
      { kind: 'hole', index: 0, count: 128 },
      { kind: 'block', index: 128, id: idOfContent(1) },
    ])
  })

  it('stores only nodes that the base does not have, and each of them belongs to the new map', async () => {
    await fc.assert(
      fc.asyncProperty(someSize, someStretches, someStretches, async (size, filling, changes) => {
        const store = new NodeMemory()
        const base = { id: await edited(store, nothing(), size, filling), sizeBytes: bytesOf(size) }
        store.forgetCounts()
        const root = await edited(store, base, size, changes)
        const added = [...store.added]
        const after = await nodesUnder(store.load, root, size)
        expect(added.filter(id => !after.has(id))).toEqual([])
      }),
      { numRuns: 60 },
    )
  }, 60_000)

  it('loads and stores one node a level for one changed block', async () => {
    const store = new NodeMemory()
    const model = full(2 * mapFanout ** 2 + 5)
    const editor = await openOn(store, model)
    await editor.set(mapFanout ** 2 + 77, idOfContent(99))
    await editor.finish()
    expect(store.loaded).toHaveLength(levelsFor(model.length))
    expect(store.added).toHaveLength(levelsFor(model.length))
    expect(store.saves).toBe(levelsFor(model.length))
  })

  it('stores nothing when a block is set to what it is', async () => {
    const store = new NodeMemory()
    const model = full(mapFanout ** 2 + 5)
    const root = await rootOfModel(store, model)
    const editor = await openOn(store, model)
    for (const index of [0, 500, mapFanout ** 2]) await editor.set(index, Buffer.from(idOfContent(index)))
    expect(await editor.finish()).toEqual(root)
    expect(store.saves).toBe(0)
  })

  it('drops whole subtrees without loading them', async () => {
    const store = new NodeMemory()
    const model = full(3 * mapFanout ** 2)
    const editor = await openOn(store, model)
    // Node borders at both ends: nothing below the root has to be opened.
    await editor.setHoles(mapFanout ** 2, 3 * mapFanout ** 2)
    await editor.finish()
    expect(store.loaded).toHaveLength(1)
  })

  it('leaves the nodes that it was given as they were', async () => {
    const store = new NodeMemory()
    const model = full(300)
    const root = { id: await rootOfModel(store, model), sizeBytes: bytesOf(300) }
    const shared = new Map<string, Awaited<ReturnType<NodeMemory['load']>>>()
    const cached = {
      save: store.save.bind(store),
      load: async (id: Buffer, level: number) => {
        const node = shared.get(id.toString('hex')) ?? (await store.load(id, level))
        shared.set(id.toString('hex'), node)
        return node
      },
    }
    await edited(cached, root, 300, [{ skip: 10, length: 200, content: undefined }])
    expect(await edited(cached, root, 300, [])).toEqual(root.id)
    const read = await collect(readBlockMap(cached.load, root, modelBlockBytes))
    expect(read.map(part => part.kind === 'block' && part.id)).toEqual(model.map(n => idOfContent(n!)))
  })

  it('refuses changes that do not ascend or lie beyond the end', async () => {
    const editor = await openOn(new NodeMemory(), full(200))
    await editor.set(50, idOfContent(1))
    await expect(editor.set(50, idOfContent(2))).rejects.toThrow(RangeError)
    await expect(editor.setHoles(20, 60)).rejects.toThrow(RangeError)
    await editor.setHoles(60, 60)
    await editor.setHoles(51, 200)
    await expect(editor.set(200, idOfContent(3))).rejects.toThrow(RangeError)
  })
})
