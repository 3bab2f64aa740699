import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  blockCountOf,
  childSpan,
  decodeNode,
  emptyNode,
  encodeNode,
  levelsFor,
  type MapNode,
} from '../../../engine/repository/blockMap.ts'
import { idBytes, mapFanout } from '../../../engine/repository/format.ts'

const idOf = (n: number): Buffer => createHash('sha256').update(String(n)).digest().subarray(0, idBytes)

const children = fc
  .array(fc.option(fc.nat(), { nil: undefined, freq: 2 }), { minLength: mapFanout, maxLength: mapFanout })
  .map(list => list.map(n => (n === undefined ? undefined : idOf(n))))

describe('the shape of a block map', () => {
  it('counts the short last block of a source as one', () => {
    expect([0, 1, 4096, 4097, 8192].map(size => blockCountOf(size, 4096))).toEqual([0, 1, 1, 2, 2])
  })

  it('has the fewest levels that hold all blocks, and one for none', () => {
    const counts = [0, 1, mapFanout, mapFanout + 1, mapFanout ** 2, mapFanout ** 2 + 1, mapFanout ** 3]
    expect(counts.map(levelsFor)).toEqual([1, 1, 1, 2, 2, 3, 3])
  })

  it('spans one block by a child of a leaf, and a full node by a child one level up', () => {
    expect([0, 1, 2].map(childSpan)).toEqual([1, mapFanout, mapFanout ** 2])
  })
})

describe('the plain form of a map node', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(children, fc.integer({ min: 0, max: 6 }), (list, level) => {
        const node: MapNode = { level, children: list }
        expect(decodeNode(encodeNode(node), level)).toEqual(node)
      }),
      { numRuns: 50 },
    )
  })

  it('is refused at another level, cut short or with bytes behind it', () => {
    fc.assert(
      fc.property(children, fc.integer({ min: 0, max: 6 }), fc.nat(), (list, level, cut) => {
        const bytes = encodeNode({ level, children: list })
        expect(decodeNode(bytes, level + 1)).toBeUndefined()
        expect(decodeNode(bytes.subarray(0, cut % bytes.length), level)).toBeUndefined()
        expect(decodeNode(Buffer.concat([bytes, Buffer.alloc(1)]), level)).toBeUndefined()
        expect(decodeNode(Buffer.concat([bytes, Buffer.alloc(idBytes)]), level)).toBeUndefined()
      }),
      { numRuns: 50 },
    )
  })

  it('is refused when a reserved byte of its header is set', () => {
    for (const offset of [1, 2, 3]) {
      const bytes = encodeNode(emptyNode(0))
      bytes[offset] = 1
      expect(decodeNode(bytes, 0)).toBeUndefined()
    }
  })

  it('is as long as its children need', () => {
    const node = emptyNode(1)
    expect(encodeNode(node)).toHaveLength(20)
    node.children[5] = idOf(5)
    node.children[127] = idOf(127)
    expect(encodeNode(node)).toHaveLength(20 + 2 * idBytes)
  })
})
