import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareMaps } from '../../../engine/pipeline/compareVersions.ts'
import {
  changed,
  type MapModel,
  modelBlockBytes,
  rootOfModel,
  someSize,
  someStretches,
} from '../../support/mapModel.ts'
import { NodeMemory } from '../../support/nodeMemory.ts'

/** The same from the definition: block by block, and byte by byte for the parts. */
function naive(older: MapModel, newer: MapModel) {
  const blocks = Math.max(older.length, newer.length)
  const common = Math.min(older.length, newer.length)
  const isChanged = Array.from({ length: blocks }, (_, i) => i >= common || older[i] !== newer[i])
  const count = Math.min(256, blocks)
  const sums = new Array<number>(count).fill(0)
  for (const [i, yes] of isChanged.entries()) {
    if (!yes) continue
    for (let part = Math.floor((i * count) / blocks); part < count; part++) {
      const from = Math.max(i, (part * blocks) / count)
      const to = Math.min(i + 1, ((part + 1) * blocks) / count)
      if (from >= i + 1) break
      if (to > from) sums[part]! += to - from
    }
  }
  const changedBytes = isChanged.filter(yes => yes).length * modelBlockBytes
  const sizeBytes = blocks * modelBlockBytes
  const parts = sums.map(sum => sum / (blocks / count))
  return { changedBytes, sameBytes: sizeBytes - changedBytes, sizeBytes, parts }
}

async function stored(store: NodeMemory, model: MapModel) {
  return { id: await rootOfModel(store, model), sizeBytes: model.length * modelBlockBytes }
}

describe('the comparison of two maps', () => {
  test('says what a comparison block by block says, for any two, of any sizes', async () => {
    await fc.assert(
      fc.asyncProperty(someSize, someStretches, someSize, someStretches, async (size, first, newSize, second) => {
        const older = changed([], size, first)
        const newer = changed(older, newSize, second)
        const store = new NodeMemory()
        const [one, other] = [await stored(store, older), await stored(store, newer)]
        const expected = naive(older, newer)
        for (const [from, to] of [
          [one, other],
          [other, one],
        ] as const) {
          const found = await compareMaps((id, level) => store.load(id, level), from, to, modelBlockBytes)
          expect(found).toMatchObject({ ...expected, parts: expect.any(Array) })
          expect(found.parts.length).toBe(expected.parts.length)
          for (const [i, part] of found.parts.entries()) expect(part).toBeCloseTo(expected.parts[i]!, 6)
          expect(found.parts.every(part => part >= 0 && part <= 1)).toBe(true)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('reads only nodes that differ', async () => {
    const older: MapModel = Array.from({ length: 40_000 }, (_, i) => i)
    const newer = older.with(20_000, 99_999)
    const store = new NodeMemory()
    const [one, other] = [await stored(store, older), await stored(store, newer)]
    let loads = 0
    const load = (id: Buffer, level: number) => {
      loads++
      return store.load(id, level)
    }
    expect((await compareMaps(load, one, other, modelBlockBytes)).changedBytes).toBe(modelBlockBytes)
    // Root, middle and leaf of each.
    expect(loads).toBe(6)
    loads = 0
    expect((await compareMaps(load, one, one, modelBlockBytes)).changedBytes).toBe(0)
    expect(loads).toBe(0)
  })

  test('counts the last, short block of the shorter one as changed together with what follows', async () => {
    const store = new NodeMemory()
    const model: MapModel = [1, 2, 3]
    const root = await stored(store, model)
    const shorter = { id: (await stored(store, [1, 2, 4])).id, sizeBytes: root.sizeBytes - 6 }
    const load = (id: Buffer, level: number) => store.load(id, level)
    expect(await compareMaps(load, shorter, root, modelBlockBytes)).toEqual({
      changedBytes: 16,
      sameBytes: 32,
      sizeBytes: 48,
      parts: [0, 0, 1],
    })
    const nothing = { id: undefined, sizeBytes: 0 }
    expect(await compareMaps(load, nothing, nothing, modelBlockBytes)).toMatchObject({ sizeBytes: 0, parts: [] })
  })
})
