import { BlockIdentifier } from '../repository/blockCrypto.ts'
import { encodeNode, type MapNode } from '../repository/blockMap.ts'
import type { NodeStore } from '../repository/blockMapEditor.ts'
import { blockKind } from '../repository/format.ts'
import { encodeFrames } from '../repository/pack.ts'
import { PackBuilder } from '../repository/packBuilder.ts'
import type { Repository } from '../repository/repository.ts'
import type { PackSink } from './packSink.ts'

/** Map nodes are few and small: they are sealed here, into packs of their own, so that reading a map touches few packs. */
export class MapNodeStore implements NodeStore {
  readonly #repository: Repository
  readonly #sink: PackSink
  readonly #identifier: BlockIdentifier
  /** Nodes of the open pack and of packs on their way, which the index does not know yet. */
  readonly #fresh = new Map<string, MapNode>()
  #builder: PackBuilder | undefined

  constructor(repository: Repository, sink: PackSink) {
    this.#repository = repository
    this.#sink = sink
    this.#identifier = new BlockIdentifier(repository.keyring)
  }

  async load(id: Buffer, level: number): Promise<MapNode> {
    const fresh = this.#fresh.get(id.toString('latin1'))
    return fresh?.level === level ? fresh : this.#repository.blocks.loadNode(id, level)
  }

  async save(node: MapNode): Promise<Buffer> {
    const plain = encodeNode(node)
    const id = this.#identifier.idOf(blockKind.map, plain)
    const key = id.toString('latin1')
    if (this.#fresh.has(key) || this.#repository.index.isLive(id)) return id
    this.#fresh.set(key, node)
    this.#builder ??= new PackBuilder(this.#repository.keyring.pack, { buffer: Buffer.allocUnsafeSlow(256 * 1024) })
    this.#builder.add(blockKind.map, id, plain)
    if (this.#builder.isFull) await this.finish()
    return id
  }

  /** Hands the open pack to the sink. */
  async finish(): Promise<void> {
    if (!this.#builder) return
    const pack = this.#builder.finish()
    this.#builder = undefined
    const { id, wrappedKey, bytes } = pack
    await this.#sink.put({ id, wrappedKey, bytes, frames: encodeFrames(pack.frames) }, info => {
      for (const frame of info.frames) for (const block of frame.blocks) this.#fresh.delete(block.id.toString('latin1'))
    })
  }
}
