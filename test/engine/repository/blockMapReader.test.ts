import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import { type MapPart, readBlockMap, visitIds } from '../../../engine/repository/blockMapReader.ts'
import { mapFanout } from '../../../engine/repository/format.ts'
import { collect } from '../../support/collect.ts'
import {
  changed,
  idOfContent,
  type MapModel,
  modelBlockBytes,
  nodesUnder,
  rootOfModel,
  someSize,
  someStretches,
} from '../../support/mapModel.ts'
import { NodeMemory } from '../../support/nodeMemory.ts'

async function storedMap(model: MapModel) {
  const store = new NodeMemory()
  const root = { id: await rootOfModel(store, model), sizeBytes: model.length * modelBlockBytes }
  store.forgetCounts()
  return { store, root }
}

/** What the parts say of every block; fails when they leave gaps, overlap or are empty. */
function spread(parts: readonly MapPart[], from: number): (Buffer | 'hole' | 'unreadable')[] {
  const blocks: (Buffer | 'hole' | 'unreadable')[] = []
  for (const part of parts) {
    expect(part.index).toBe(from + blocks.length)
    if (part.kind === 'block') blocks.push(part.id)
    else {
      expect(part.count).toBeGreaterThan(0)
      for (let i = 0; i < part.count; i++) blocks.push(part.kind)
    }
  }
  return blocks
}

/** A little more than all, so that ranges beyond the end occur. */
const share = fc.double({ min: 0, max: 1.1, noNaN: true })

const whatItIs = (model: MapModel) => model.map(n => (n === undefined ? ('hole' as const) : idOfContent(n)))

/** fast-check compares too slowly for thousands of buffers. */
const text = (blocks: readonly (Buffer | string)[]): string =>
  blocks.map(block => (typeof block === 'string' ? block : block.toString('hex', 0, 8))).join()

describe('readBlockMap', () => {
  it('gives every block of any range of any map once, in order', async () => {
    await fc.assert(
      fc.asyncProperty(someSize, someStretches, share, share, async (size, filling, first, end) => {
        const model = changed([], size, filling)
        const [from, to] = [Math.floor(first * size), Math.floor(end * size)]
        const { store, root } = await storedMap(model)
        const all = await collect(readBlockMap(store.load, root, modelBlockBytes))
        expect(text(spread(all, 0))).toBe(text(whatItIs(model)))
        const some = await collect(readBlockMap(store.load, root, modelBlockBytes, { from, to }))
        expect(text(spread(some, from))).toBe(text(whatItIs(model).slice(from, to)))
      }),
      { numRuns: 60 },
    )
  }, 60_000)

  it('gives one hole for a map that is all holes, and nothing for an empty range', async () => {
    const root = { id: undefined, sizeBytes: 40_000 * modelBlockBytes }
    const load = new NodeMemory().load
    const options = { from: 17, to: 39_000 }
    expect(await collect(readBlockMap(load, root, modelBlockBytes, options))).toEqual([
      { kind: 'hole', index: 17, count: 38_983 },
    ])
    expect(await collect(readBlockMap(load, root, modelBlockBytes, { from: 20, to: 20 }))).toEqual([])
    expect(await collect(readBlockMap(load, { id: undefined, sizeBytes: 0 }, modelBlockBytes))).toEqual([])
  })

  it('loads only the nodes on the way to the range', async () => {
    const { store, root } = await storedMap(Array.from({ length: 2 * mapFanout ** 2 }, (_, i) => i))
    await collect(readBlockMap(store.load, root, modelBlockBytes, { from: 20_000, to: 20_001 }))
    expect(store.loaded).toHaveLength(3)
  })

  it('passes over damaged nodes when tolerant, and gives all the rest', async () => {
    await fc.assert(
      fc.asyncProperty(someSize, someStretches, fc.nat(), share, async (size, filling, pick, first) => {
        const from = Math.floor(first * size)
        const model = changed([], size, [{ skip: 0, length: size / 2, content: 0 }, ...filling])
        const { store, root } = await storedMap(model)
        const nodes = [...(await nodesUnder(store.load, root.id, size))]
        fc.pre(nodes.length > 0)
        const [lostId] = nodes[pick % nodes.length]!
        const lost = nodes.filter(([id]) => id === lostId).map(([, place]) => place)
        const load = (id: Buffer, level: number) => {
          if (id.toString('hex') === lostId) throw new HoldfastError('integrity.blockDamaged', 'damaged on purpose')
          return store.load(id, level)
        }
        const expected = whatItIs(model).map((block, i) => {
          return lost.some(({ start, count }) => i >= start && i < start + count) ? 'unreadable' : block
        })
        const parts = await collect(readBlockMap(load, root, modelBlockBytes, { from, tolerant: true }))
        expect(text(spread(parts, from))).toBe(text(expected.slice(from)))
        for (const part of parts) if (part.kind === 'unreadable') expect(part.node.toString('hex')).toBe(lostId)
        await expect(collect(readBlockMap(load, root, modelBlockBytes))).rejects.toThrow('damaged on purpose')
      }),
      { numRuns: 40 },
    )
  }, 60_000)

  it('does not take a storage that cannot be reached, or a cancellation, for a damaged map', async () => {
    const { root } = await storedMap([1, 2, 3])
    for (const code of ['storage.driveNotConnected', 'run.cancelled'] as const) {
      const load = async () => {
        throw new HoldfastError(code, 'on purpose')
      }
      const parts = readBlockMap(load, root, modelBlockBytes, { tolerant: true })
      await expect(collect(parts)).rejects.toMatchObject({ code })
    }
  })
})

describe('visitIds', () => {
  it('names every node and block of several versions once, and enters every node once', async () => {
    await fc.assert(
      fc.asyncProperty(someSize, someStretches, someSize, someStretches, async (sizeA, fillA, sizeB, changes) => {
        const store = new NodeMemory()
        const a = changed([], sizeA, fillA)
        const b = changed(a, sizeB, changes)
        const roots = []
        for (const model of [a, b]) {
          roots.push({ id: await rootOfModel(store, model), sizeBytes: model.length * modelBlockBytes })
        }
        const expected = new Set<string>()
        for (const [i, model] of [a, b].entries()) {
          for (const id of (await nodesUnder(store.load, roots[i]!.id, model.length)).keys()) expected.add(`node ${id}`)
          for (const n of model) if (n !== undefined) expected.add(`block ${idOfContent(n).toString('hex')}`)
        }
        store.forgetCounts()
        const known = new Set<string>()
        const seen = (id: Buffer, kind: 'node' | 'block'): boolean => {
          const key = `${kind} ${id.toString('hex')}`
          if (known.has(key)) return false
          known.add(key)
          return true
        }
        for (const root of roots) await visitIds(store.load, root, modelBlockBytes, seen)
        expect([...known].sort().join()).toBe([...expected].sort().join())
        expect(new Set(store.loaded).size).toBe(store.loaded.length)
      }),
      { numRuns: 40 },
    )
  }, 60_000)

  it('visits nothing for a map of holes', async () => {
    const visit = visitIds(new NodeMemory().load, { id: undefined, sizeBytes: 1000 }, modelBlockBytes, () => {
      throw new Error('there is nothing')
    })
    await expect(visit).resolves.toBeUndefined()
  })

  it('fails when a node cannot be loaded, rather than leave out what is below it', async () => {
    const { store, root } = await storedMap(Array.from({ length: 1000 }, (_, i) => i))
    const [leaf] = [...(await nodesUnder(store.load, root.id, 1000))].find(([, { level }]) => level === 0)!
    store.nodes.delete(leaf)
    await expect(visitIds(store.load, root, modelBlockBytes, () => true)).rejects.toThrow(leaf)
  })
})
