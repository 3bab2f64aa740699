import { randomHex } from '../base/random.ts'
import { type BlockRow, BlockTable, packState } from '../catalogue/blockTable.ts'
import type { Database } from '../catalogue/database.ts'
import { isHoldfastError } from '../contract/errors.ts'
import type { PackId, SegmentId } from '../contract/ids.ts'
import { isSegmentId } from '../contract/ids.ts'
import type { Storage } from '../storage/storage.ts'
import type { Condemned } from './condemned.ts'
import { names, sealedKind } from './format.ts'
import { decodeSegment, encodeSegment, type IndexSegment } from './indexSegment.ts'
import type { Keyring } from './keyring.ts'
import type { BlockCopy } from './marks.ts'
import { blockCount, type PackInfo } from './pack.ts'
import { listPacks, readPackInfo } from './packReader.ts'
import { openObject, sealObject } from './sealedObject.ts'

/** Blocks of one segment at most; keeps a segment under 3 MB. */
const segmentBlocks = 65_536

/** Damage that earlier scrubs have marked. */
export interface KnownDamage {
  damagedCopies: readonly BlockCopy[]
  missingPacks: ReadonlySet<string>
}

export interface Reconciled {
  /** Packs that the index lists and that are not in the storage, or have another size. */
  missing: { id: PackId; found: number | undefined; expected: number }[]
  /** Packs that no segment lists: left by a run that was killed, or their segment was lost. */
  adopted: PackInfo[]
  /** When they were stored, milliseconds since 1970. */
  adoptedAt: Map<PackId, number>
  /** Packs that no segment lists and that cannot be read. */
  unreadable: PackId[]
}

/**
 * Block id → place in a pack. The truth is in the index segments, and behind them in the packs' own indexes; this keeps a
 * searchable copy in the catalogue, so that memory does not grow with the repository.
 */
export class BlockIndex {
  readonly table: BlockTable
  readonly #storage: Storage
  readonly #keyring: Keyring
  readonly #condemned: Condemned
  /** Blocks of packs that were stored since the catalogue was last written. */
  readonly #fresh = new Set<string>()
  #freshPacks: PackInfo[] = []
  /** Segments that are in the storage and do not open. */
  damagedSegments: string[] = []

  constructor(db: Database, storage: Storage, keyring: Keyring, condemned: Condemned) {
    this.table = new BlockTable(db)
    this.#storage = storage
    this.#keyring = keyring
    this.#condemned = condemned
  }

  /** True when there is a sound copy that a new version may refer to. `key` is the id as a latin1 string. */
  isLive(id: Uint8Array, key = keyOf(id)): boolean {
    return this.#fresh.has(key) || this.table.isLive(id)
  }

  /** True when there is a copy that is not known to be damaged, even if its pack is about to go. */
  hasSoundCopy(id: Uint8Array): boolean {
    return this.locate(id).some(row => row.damaged === 0)
  }

  /** Copies of a block, the best first; those in packs that are gone are left out. */
  locate(id: Uint8Array): BlockRow[] {
    if (this.#fresh.has(keyOf(id))) this.#saveFresh()
    return this.table.find(id).filter(row => row.packState <= packState.condemned)
  }

  /**
   * Brings the catalogue up to date with the segments, condemned lists and damage marks in the repository. When a segment
   * is damaged, the packs it may have listed are read for their own indexes.
   */
  async refresh(damage: KnownDamage, signal?: AbortSignal): Promise<void> {
    const inStorage = new Set<string>()
    for await (const object of this.#storage.list('index', signal)) inStorage.add(object.name.slice('index/'.length))
    const known = this.table.segments()
    this.table.dropSegments(known.filter(s => !s.superseded && !inStorage.has(s.id)).map(s => s.id))
    const have = new Set(known.map(segment => segment.id))
    this.damagedSegments = []
    for (const id of inStorage) {
      if (have.has(id)) continue
      const segment = isSegmentId(id) ? await this.#readSegment(id, signal) : undefined
      if (segment === 'gone') continue
      if (segment) this.table.addPacks(id, segment.packs, segment.supersedes)
      else this.damagedSegments.push(id)
    }
    const adopted = this.damagedSegments.length > 0 ? (await this.reconcile(signal)).adopted.map(info => info.id) : []
    await this.#settle(new Set(adopted), damage.missingPacks)
    this.table.setDamaged(
      damage.damagedCopies.map(copy => ({ blockId: Buffer.from(copy.block, 'hex'), packId: copy.pack })),
    )
  }

  /**
   * Holds the catalogue against the packs that are really there: marks missing ones as gone, and takes in packs that no
   * segment lists by reading their own indexes. One listing, and three small reads for each unlisted pack.
   */
  async reconcile(signal?: AbortSignal): Promise<Reconciled> {
    const there = await listPacks(this.#storage, signal)
    const result: Reconciled = { missing: [], adopted: [], adoptedAt: new Map(), unreadable: [] }
    const known = new Set<string>()
    for (const row of this.table.packs()) {
      if (row.state === packState.gone) continue
      known.add(row.id)
      const found = there.get(row.id as PackId)?.sizeBytes
      if (found === row.sizeBytes) {
        if (row.state === packState.missing) this.table.setPackState(row.id, packState.live)
        continue
      }
      this.table.setPackState(row.id, packState.missing)
      result.missing.push({ id: row.id as PackId, found, expected: row.sizeBytes })
    }
    for (const [id, { sizeBytes, modifiedAt }] of there) {
      if (known.has(id)) continue
      const info = await readPackInfo(this.#storage, this.#keyring.pack, id, sizeBytes, signal)
      if (info) {
        result.adopted.push(info)
        result.adoptedAt.set(id, modifiedAt)
      } else result.unreadable.push(id)
    }
    if (result.adopted.length > 0) this.table.addPacks(undefined, result.adopted)
    return result
  }

  /** A pack just stored by this run becomes findable. Written to the catalogue later, together with others. */
  addStored(pack: PackInfo): void {
    this.#freshPacks.push(pack)
    for (const frame of pack.frames) for (const block of frame.blocks) this.#fresh.add(keyOf(block.id))
  }

  #saveFresh(): void {
    this.table.addPacks(undefined, this.#freshPacks)
    this.#freshPacks = []
    this.#fresh.clear()
  }

  /** Writes index segments for packs; returns the bytes stored. `supersedes` names segments that the new ones replace. */
  async writeSegments(
    packs: readonly PackInfo[],
    supersedes: readonly SegmentId[] = [],
    signal?: AbortSignal,
  ): Promise<number> {
    let written = 0
    const groups = grouped(packs, supersedes.length > 0)
    // The segments bring these packs into the catalogue, too.
    this.#freshPacks = []
    this.#fresh.clear()
    for (const group of groups) {
      const id = randomHex(16) as SegmentId
      // Only the last one replaces the old ones: before it is stored, its siblings alone would not hold everything.
      const replaced = group === groups.at(-1) ? [...supersedes] : []
      const segment = { packs: group, supersedes: replaced }
      const name = names.segment(id)
      const bytes = sealObject(this.#keyring.object, sealedKind.indexSegment, name, encodeSegment(segment))
      await this.#storage.put(name, [bytes], signal ? { signal } : {})
      this.table.addPacks(id, group, replaced)
      written += bytes.length
    }
    return written
  }

  /** Segments in the storage that are not replaced by others. */
  async segmentIds(signal?: AbortSignal): Promise<SegmentId[]> {
    const replaced = new Set(this.table.segments().flatMap(segment => (segment.superseded ? [segment.id] : [])))
    const ids: SegmentId[] = []
    for await (const object of this.#storage.list('index', signal)) {
      const id = object.name.slice('index/'.length)
      if (isSegmentId(id) && !replaced.has(id)) ids.push(id)
    }
    return ids
  }

  /** A segment as it is stored; undefined when it is missing or damaged. */
  async readSegment(id: SegmentId, signal?: AbortSignal): Promise<IndexSegment | undefined> {
    const segment = await this.#readSegment(id, signal)
    return segment === 'gone' ? undefined : segment
  }

  /** Removes a segment whose packs are listed elsewhere, or are about to go. */
  async removeSegment(id: SegmentId): Promise<void> {
    await this.#storage.delete(names.segment(id))
    this.table.dropSegments([id])
  }

  /** Packs that are there and that no readable segment lists, with what they hold. */
  async unlistedPacks(signal?: AbortSignal): Promise<PackInfo[]> {
    const listed = new Set<string>()
    for (const id of await this.segmentIds(signal)) {
      for (const pack of (await this.readSegment(id, signal))?.packs ?? []) listed.add(pack.id)
    }
    const unlisted: PackInfo[] = []
    for (const [id, { sizeBytes }] of await listPacks(this.#storage, signal)) {
      if (listed.has(id)) continue
      const info = await readPackInfo(this.#storage, this.#keyring.pack, id, sizeBytes, signal)
      if (info) unlisted.push(info)
    }
    return unlisted
  }

  async #settle(adopted: ReadonlySet<string>, missing: ReadonlySet<string>): Promise<void> {
    const condemned = new Set((await this.#condemned.list()).flatMap(list => list.packs))
    this.table.settle(condemned, adopted, missing)
  }

  async #readSegment(id: SegmentId, signal?: AbortSignal) {
    const name = names.segment(id)
    try {
      const plain = openObject(
        this.#keyring.object,
        sealedKind.indexSegment,
        name,
        await this.#storage.get(name, undefined, signal),
      )
      return plain && decodeSegment(plain)
    } catch (error) {
      if (isHoldfastError(error, 'storage.objectNotFound')) return 'gone' as const
      throw error
    }
  }
}

/** Splits packs into groups of at most `segmentBlocks`; one (maybe empty) group at least when `always`. */
function grouped(packs: readonly PackInfo[], always: boolean): PackInfo[][] {
  const groups: PackInfo[][] = []
  let blocks = Number.POSITIVE_INFINITY
  for (const pack of packs) {
    const count = blockCount(pack.frames)
    if (blocks + count > segmentBlocks) {
      groups.push([])
      blocks = 0
    }
    groups.at(-1)!.push(pack)
    blocks += count
  }
  if (groups.length === 0 && always) groups.push([])
  return groups
}

function keyOf(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('latin1')
}
