import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { changedRanges } from '../../../engine/pipeline/mapDifference.ts'
import { contains } from '../../../engine/sources/ranges.ts'
import {
  changed,
  type MapModel,
  modelBlockBytes,
  rootOfModel,
  someSize,
  someStretches,
} from '../../support/mapModel.ts'
import { NodeMemory } from '../../support/nodeMemory.ts'

async function stored(store: NodeMemory, model: MapModel) {
  return { id: await rootOfModel(store, model), sizeBytes: model.length * modelBlockBytes }
}

describe('what changed between two maps', () => {
  test('is each block that differs, as data or as a hole, and all beyond the end of the older one', async () => {
    await fc.assert(
      fc.asyncProperty(someSize, someStretches, someSize, someStretches, async (size, first, newSize, second) => {
        const older = changed([], size, first)
        const newer = changed(older, newSize, second)
        const store = new NodeMemory()
        const roots = [await stored(store, older), await stored(store, newer)] as const
        const { written, discarded } = await changedRanges(store.load, roots[0], roots[1], modelBlockBytes)
        const wrong = [...newer.entries()].flatMap(([i, now]) => {
          const isNews = i >= older.length || older[i] !== now
          const said = [written, discarded].map(ranges => contains(ranges, i * modelBlockBytes))
          return said[0] === (isNews && now !== undefined) && said[1] === (isNews && now === undefined) ? [] : [i]
        })
        expect(wrong).toEqual([])
        const end = newer.length * modelBlockBytes
        expect([...written, ...discarded].every(range => range.start < range.end && range.end <= end)).toBe(true)
      }),
      { numRuns: 40 },
    )
  })

  test('is found without entering what both have', async () => {
    const older = Array.from({ length: 40_000 }, (_, i) => i)
    const newer = older.with(20_000, 1_000_000)
    const store = new NodeMemory()
    const roots = [await stored(store, older), await stored(store, newer)] as const
    const { written } = await changedRanges(store.load, roots[0], roots[1], modelBlockBytes)
    expect(written).toEqual([{ start: 20_000 * modelBlockBytes, end: 20_001 * modelBlockBytes }])
    expect(store.loaded.length).toBeLessThanOrEqual(8)
  })
})
