import { createHash } from 'node:crypto'
import { decodeNode, encodeNode, type MapNode } from '../../engine/repository/blockMap.ts'
import type { NodeStore } from '../../engine/repository/blockMapEditor.ts'
import { idBytes } from '../../engine/repository/format.ts'

/** Keeps map nodes in memory, by a hash of their plain form, and counts what is asked of it. */
export class NodeMemory implements NodeStore {
  readonly nodes = new Map<string, Buffer>()
  /** Ids that were saved and not there before, in hex. */
  added: string[] = []
  /** Calls of save, for new nodes and for known ones. */
  saves = 0
  /** Ids that were loaded, in hex. */
  loaded: string[] = []

  readonly load = async (id: Buffer, level: number): Promise<MapNode> => {
    const key = id.toString('hex')
    this.loaded.push(key)
    const bytes = this.nodes.get(key)
    const node = bytes && decodeNode(bytes, level)
    if (!node) throw new Error(`there is no node ${key} of level ${level}`)
    return node
  }

  async save(node: MapNode): Promise<Buffer> {
    const bytes = encodeNode(node)
    const id = createHash('sha256').update(bytes).digest().subarray(0, idBytes)
    const key = id.toString('hex')
    this.saves++
    if (!this.nodes.has(key)) this.added.push(key)
    this.nodes.set(key, bytes)
    return id
  }

  forgetCounts(): void {
    this.added = []
    this.saves = 0
    this.loaded = []
  }
}
