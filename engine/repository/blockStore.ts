import type { BlockRow } from '../catalogue/blockRows.ts'
import { HoldfastError, isHoldfastError } from '../contract/errors.ts'
import type { Storage } from '../storage/storage.ts'
import { BlockIdentifier, type FramePlace, frameKeyOf, openFrame } from './blockCrypto.ts'
import type { BlockIndex } from './blockIndex.ts'
import { decodeNode, type MapNode } from './blockMap.ts'
import { type BlockKind, blockKind, type Compression, names } from './format.ts'
import type { Keyring } from './keyring.ts'
import { unwrapPackKey } from './pack.ts'
import { blockMissing } from './packReader.ts'

const cachedNodes = 1024
const cachedPackKeys = 4096

/** A copy of a block together with what opens it. */
export interface LocatedBlock {
  row: BlockRow
  frameKey: Buffer
}

/** Reads single blocks and map nodes, trying every copy there is. Nodes and pack keys are cached within bounds. */
export class BlockStore {
  readonly #storage: Storage
  readonly #keyring: Keyring
  readonly #identifier: BlockIdentifier
  readonly #index: BlockIndex
  readonly #nodes = new Map<string, MapNode>()
  readonly #frameKeys = new Map<string, Buffer>()

  constructor(storage: Storage, keyring: Keyring, index: BlockIndex) {
    this.#storage = storage
    this.#keyring = keyring
    this.#identifier = new BlockIdentifier(keyring)
    this.#index = index
  }

  /** The key that opens the frames of a pack; fails with integrity.objectDamaged when its wrapping was altered. */
  frameKey(packId: string, wrappedKey: Uint8Array): Buffer {
    const known = this.#frameKeys.get(packId)
    if (known) return known
    const packKey = unwrapPackKey(this.#keyring.pack, packId, wrappedKey)
    if (!packKey) {
      throw new HoldfastError('integrity.objectDamaged', `The key of pack ${packId} does not open.`, {
        details: { pack: packId },
      })
    }
    const key = frameKeyOf(packKey)
    remember(this.#frameKeys, packId, key, cachedPackKeys)
    return key
  }

  /**
   * Where to read a block; the best copy first. Copies whose pack key does not open are left out. Fails with
   * integrity.blockMissing when there is none, and with integrity.objectDamaged when none has a key.
   */
  locate(id: Uint8Array): LocatedBlock[] {
    const rows = this.#index.locate(id)
    if (rows.length === 0) throw blockMissing(id)
    const located: LocatedBlock[] = []
    let fault: unknown
    for (const row of rows) {
      try {
        located.push({ row, frameKey: this.frameKey(row.packId, row.wrappedKey) })
      } catch (error) {
        fault = error
      }
    }
    if (located.length === 0) throw fault
    return located
  }

  /**
   * Where to read a block first: one of the copies that `locate` names, a sound one if any is known. Fails as that does.
   */
  locateOne(id: Uint8Array): LocatedBlock {
    const row = this.#index.locateOne(id)
    if (!row) throw blockMissing(id)
    try {
      return { row, frameKey: this.frameKey(row.packId, row.wrappedKey) }
    } catch {
      return this.locate(id)[0]!
    }
  }

  /**
   * Reads, opens and checks one block. Fails with integrity.blockMissing, integrity.blockDamaged or integrity.objectDamaged
   * when no copy is sound, and with the storage's own error when that says nothing about the block.
   */
  async readBlock(id: Uint8Array, kind: BlockKind, signal?: AbortSignal): Promise<Buffer> {
    let fault: HoldfastError | undefined
    for (const copy of this.locate(id)) {
      const read = await this.#readCopy(id, kind, copy, signal)
      if (Buffer.isBuffer(read)) return read
      // Damage says more than absence: it can be looked for in the pack.
      if (fault?.code !== 'integrity.blockDamaged') fault = read
    }
    throw fault
  }

  /** The block, or what is wrong with this copy. Before anything is called wrong, the storage itself was asked. */
  async #readCopy(
    id: Uint8Array,
    kind: BlockKind,
    copy: LocatedBlock,
    signal?: AbortSignal,
  ): Promise<Buffer | HoldfastError> {
    const read = await this.#readCopyFrom(this.#storage, id, kind, copy, signal)
    const { uncached } = this.#storage
    return Buffer.isBuffer(read) || !uncached ? read : this.#readCopyFrom(uncached, id, kind, copy, signal)
  }

  async #readCopyFrom(
    storage: Storage,
    id: Uint8Array,
    kind: BlockKind,
    { row, frameKey }: LocatedBlock,
    signal?: AbortSignal,
  ): Promise<Buffer | HoldfastError> {
    const range = { offset: row.frameOffset, length: row.frameStoredBytes }
    let bytes: Uint8Array
    try {
      bytes = await storage.get(names.pack(row.packId), range, signal)
    } catch (error) {
      if (isHoldfastError(error, 'storage.objectNotFound')) return blockMissing(id)
      if (isHoldfastError(error, 'storage.rangeInvalid')) return blockDamaged(id, row.packId, 'the pack is cut short')
      if (isHoldfastError(error, 'storage.failed')) return blockDamaged(id, row.packId, 'it cannot be read', error)
      throw error
    }
    const opened = openFrame(frameKey, framePlaceOf(row), bytes)
    if ('fault' in opened) return blockDamaged(id, row.packId, opened.fault)
    const block = opened.plain.subarray(row.start, row.start + row.plainBytes)
    return this.#identifier.idOf(kind, block).equals(id) ? block : blockDamaged(id, row.packId, 'wrong id')
  }

  /** Loads a map node; `level` is 0 for leaves. */
  async loadNode(id: Buffer, level: number, signal?: AbortSignal): Promise<MapNode> {
    const key = id.toString('hex')
    const known = this.#nodes.get(key)
    if (known && known.level === level) return known
    const node = decodeNode(await this.readBlock(id, blockKind.map, signal), level)
    if (!node) throw blockDamaged(id, 'unknown', 'not a map node')
    remember(this.#nodes, key, node, cachedNodes)
    return node
  }
}

/** The place of the frame that holds a block. */
export function framePlaceOf(row: BlockRow): FramePlace {
  return {
    kind: row.kind as BlockKind,
    compression: row.compression as Compression,
    offset: row.frameOffset,
    plainBytes: row.framePlainBytes,
  }
}

export function blockDamaged(id: Uint8Array, pack: string, fault: string, cause?: unknown): HoldfastError {
  const block = Buffer.from(id).toString('hex')
  return new HoldfastError(
    'integrity.blockDamaged',
    `Block ${block.slice(0, 16)}… in pack ${pack} is damaged: ${fault}.`,
    {
      advice:
        'Run "holdfast scrub" to see which versions need it, then back the source up again to heal what it still has.',
      details: { block, pack, fault },
      cause,
    },
  )
}

function remember<T>(cache: Map<string, T>, key: string, value: T, limit: number): void {
  if (cache.size >= limit) {
    const oldest = cache.keys().next().value
    if (oldest !== undefined) cache.delete(oldest)
  }
  cache.set(key, value)
}
