import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { childSpan, levelsFor, type MapNode } from '../../engine/repository/blockMap.ts'
import { BlockMapEditor, type MapRoot, type NodeStore } from '../../engine/repository/blockMapEditor.ts'
import { idBytes, mapFanout } from '../../engine/repository/format.ts'

/** A block map as plainly as can be: the number of each block's content, undefined for a hole. */
export type MapModel = (number | undefined)[]

/** A stretch of a map: `skip` blocks are left alone, then `length` blocks get content (or become holes). */
export interface Stretch {
  skip: number
  length: number
  content: number | undefined
}

/** Bytes of a block in these tests; small, so that byte sizes stay readable. */
export const modelBlockBytes = 16

const idCache = new Map<number, Buffer>()

/** The id of a block with this content. */
export function idOfContent(content: number): Buffer {
  const id = idCache.get(content) ?? createHash('sha256').update(`block ${content}`).digest().subarray(0, idBytes)
  idCache.set(content, id)
  return id
}

/** The root of a model, made from the definition alone: each node from its children, from the leaves up. */
export async function rootOfModel(store: NodeStore, model: MapModel): Promise<Buffer | undefined> {
  let ids: (Buffer | undefined)[] = model.map(content => (content === undefined ? undefined : idOfContent(content)))
  for (let level = 0; level < levelsFor(model.length); level++) {
    const above: (Buffer | undefined)[] = []
    for (let at = 0; at < ids.length; at += mapFanout) {
      const children = ids.slice(at, at + mapFanout)
      while (children.length < mapFanout) children.push(undefined)
      above.push(children.some(child => child !== undefined) ? await store.save({ level, children }) : undefined)
    }
    ids = above
  }
  return ids[0]
}

/** All node ids under a root, in hex, with the first block and the number of blocks that each may hold. */
export async function nodesUnder(
  load: (id: Buffer, level: number) => Promise<MapNode>,
  root: Buffer | undefined,
  blockCount: number,
): Promise<Map<string, { level: number; start: number; count: number }>> {
  const found = new Map<string, { level: number; start: number; count: number }>()
  const enter = async (id: Buffer, level: number, start: number): Promise<void> => {
    found.set(id.toString('hex'), { level, start, count: childSpan(level) * mapFanout })
    if (level === 0) return
    const node = await load(id, level)
    for (const [slot, child] of node.children.entries()) {
      if (child) await enter(child, level - 1, start + slot * childSpan(level))
    }
  }
  if (root) await enter(root, levelsFor(blockCount) - 1, 0)
  return found
}

/** The model after stretches of changes, and cut or grown to `size`. */
export function changed(base: MapModel, size: number, stretches: readonly Stretch[]): MapModel {
  const model: MapModel = Array.from({ length: size }, (_, i) => base[i])
  for (const { from, to, content } of placed(size, stretches)) {
    for (let i = from; i < to; i++) model[i] = content === undefined ? undefined : content + i
  }
  return model
}

/** Makes the same changes with an editor; returns the new root. `oneByOne` sets holes as single blocks. */
export async function edited(
  store: NodeStore,
  base: MapRoot,
  size: number,
  stretches: readonly Stretch[],
  oneByOne = false,
): Promise<Buffer | undefined> {
  const editor = await BlockMapEditor.open(store, base, size * modelBlockBytes, modelBlockBytes)
  for (const { from, to, content } of placed(size, stretches)) {
    if (content === undefined && !oneByOne) await editor.setHoles(from, to)
    else {
      for (let i = from; i < to; i++) await editor.set(i, content === undefined ? undefined : idOfContent(content + i))
    }
  }
  return editor.finish()
}

function* placed(size: number, stretches: readonly Stretch[]) {
  let at = 0
  for (const { skip, length, content } of stretches) {
    const from = Math.min(at + skip, size)
    const to = Math.min(from + length, size)
    yield { from, to, content }
    at = to
  }
}

/** Counts of blocks near every border of nodes, up to three levels. */
const borders = [1, mapFanout, 2 * mapFanout, mapFanout ** 2, mapFanout ** 2 + mapFanout, 2 * mapFanout ** 2]
const nearBorder = fc
  .tuple(fc.constantFrom(...borders), fc.integer({ min: -2, max: 2 }))
  .map(([border, off]) => Math.max(0, border + off))

export const someSize = fc.oneof(nearBorder, fc.nat(300), fc.nat(40_000))

const someLength = fc.oneof(fc.nat(20), nearBorder, fc.nat(20_000))

/** Few contents, so that equal nodes and changes to the same content occur. */
export const someStretches = fc.array(
  fc.record({ skip: someLength, length: someLength, content: fc.option(fc.nat(2), { nil: undefined }) }),
  { maxLength: 8 },
)
