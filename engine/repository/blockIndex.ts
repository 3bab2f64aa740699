import { inParallel } from '../base/inParallel.ts'
import { randomHex } from '../base/random.ts'
import { type BlockRow, packState } from '../catalogue/blockRows.ts'
import { BlockTable } from '../catalogue/blockTable.ts'
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

/** Bounds the memory that they take until they are in the catalogue. */
const segmentsAtOnce = 4

/** Other runs may write segments for as long as we look; it is enough that none is missed that was there before. */
const maximumLooks = 8

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
  #refreshing: Promise<unknown> = Promise.resolve()

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

  /** True when there is a copy that is not known to be damaged or missing, even if its pack is about to go. */
  hasSoundCopy(id: Uint8Array): boolean {
    const row = this.locateOne(id)
    if (row?.damaged === 0 && row.packState <= packState.condemned) return true
    return this.locate(id).some(copy => copy.damaged === 0 && copy.packState <= packState.condemned)
  }

  /** One copy of a block, a sound one if any is known; undefined when there is none. For many blocks that lie together. */
  locateOne(id: Uint8Array): BlockRow | undefined {
    if (this.#isFresh(id)) this.#saveFresh()
    const row = this.table.findOne(id)
    return row && row.packState <= packState.missing ? row : undefined
  }

  /** Copies of a block, the best first. The last may be in packs that were missing when they were last looked for. */
  locate(id: Uint8Array): BlockRow[] {
    if (this.#isFresh(id)) this.#saveFresh()
    return this.table.find(id).filter(row => row.packState <= packState.missing)
  }

  /**
   * Brings the catalogue up to date with the segments, condemned lists and damage marks in the repository. When a segment
   * is damaged, the packs it may have listed are read for their own indexes.
   *
   * A run that is going to refer to blocks must hold its lock before this: then every condemned list is either seen here or
   * names that lock.
   */
  refresh(damage: KnownDamage, signal?: AbortSignal): Promise<void> {
    // One at a time: an older view must not replace a newer one.
    const turn = this.#refreshing.then(() => this.#refresh(damage, signal))
    this.#refreshing = turn.catch(() => undefined)
    return turn
  }

  async #refresh(damage: KnownDamage, signal?: AbortSignal): Promise<void> {
    // Read first: a pack that is deleted from here on is on a list, or was never seen.
    const condemned = await this.#condemnedPacks()
    this.table.setCondemned(condemned)
    // What a run has left that failed is no better known than what any other run has left.
    this.#saveFresh()
    // Prune stores a new segment and then removes old ones: one listing may have missed both, two in a row do not.
    let last: string | undefined
    for (let look = 0; look < maximumLooks; look++) {
      const segments = await this.#readSegments(signal)
      if (segments === last) break
      last = segments
    }
    const found = this.damagedSegments.length > 0 ? await this.#reconcile(signal) : undefined
    this.table.settle(condemned, found?.unlisted ?? new Set(), damage.missingPacks)
    this.table.setDamaged(
      damage.damagedCopies.map(copy => ({ blockId: Buffer.from(copy.block, 'hex'), packId: copy.pack })),
    )
  }

  /** Takes in what segments there are now. Returns their ids, to be compared. */
  async #readSegments(signal?: AbortSignal): Promise<string> {
    // Asked for before the listing: another process may take in a segment that is stored while we list.
    const known = new Set(this.table.segments().map(segment => segment.id))
    const inStorage = new Set<SegmentId>()
    for await (const object of this.#storage.list('index', signal)) {
      const id = object.name.slice(names.segment('').length)
      if (isSegmentId(id)) inStorage.add(id)
    }
    const vanished = [...known].filter(id => !inStorage.has(id as SegmentId))
    this.table.dropSegments(vanished)
    const left = new Set(this.table.segments().map(segment => segment.id))
    const unread = [...inStorage].filter(id => !left.has(id))
    const opened = await inParallel(unread, segmentsAtOnce, async id => {
      const segment = await this.#readSegment(id, signal)
      if (segment === 'gone') return true
      if (segment) this.table.addPacks(id, segment.packs, segment.supersedes)
      return segment !== undefined
    })
    this.damagedSegments = unread.filter((_, i) => !opened[i])
    return [...inStorage].sort().join()
  }

  /**
   * Holds the catalogue against the packs that are really there: marks missing ones, and takes in packs that no segment
   * lists by reading their own indexes. One listing, and three small reads for each unlisted pack.
   */
  async reconcile(signal?: AbortSignal): Promise<Reconciled> {
    return (await this.#reconcile(signal)).result
  }

  async #reconcile(signal?: AbortSignal): Promise<{ result: Reconciled; unlisted: Set<string> }> {
    const condemned = await this.#condemnedPacks()
    // Before the listing: what another run stores and lists meanwhile would seem to be missing.
    const listed = this.table.listedPacks()
    const rows = new Map(this.table.packs().map(row => [row.id, row]))
    const there = await listPacks(this.#storage, signal)
    const result: Reconciled = { missing: [], adopted: [], adoptedAt: new Map(), unreadable: [] }
    const stateOf = (id: string) => (condemned.has(id) ? packState.condemned : packState.live)
    for (const row of rows.values()) {
      if (!listed.has(row.num)) continue
      const found = there.get(row.id as PackId)?.sizeBytes
      if (found === row.sizeBytes) {
        if (row.state === packState.missing) this.table.setPackState(row.id, stateOf(row.id))
        continue
      }
      this.table.setPackState(row.id, packState.missing)
      // A condemned one that is not there has been deleted on purpose.
      if (found === undefined && condemned.has(row.id)) continue
      result.missing.push({ id: row.id as PackId, found, expected: row.sizeBytes })
    }
    const unlisted: PackInfo[] = []
    for (const [id, { sizeBytes, modifiedAt }] of there) {
      const row = rows.get(id)
      if (row && listed.has(row.num)) continue
      const info = await readPackInfo(this.#storage, this.#keyring.pack, id, sizeBytes, signal)
      if (!info) {
        result.unreadable.push(id)
        continue
      }
      unlisted.push(info)
      // One that is about to go can still be read, but nobody may rely on it or list it again.
      if (condemned.has(id)) continue
      result.adopted.push(info)
      result.adoptedAt.set(id, modifiedAt)
    }
    if (unlisted.length > 0) this.table.addPacks(undefined, unlisted)
    for (const { id } of unlisted) this.table.setPackState(id, stateOf(id))
    return { result, unlisted: new Set(unlisted.map(info => info.id)) }
  }

  /** A pack just stored by this run becomes findable. Written to the catalogue later, together with others. */
  addStored(pack: PackInfo): void {
    this.#freshPacks.push(pack)
    for (const frame of pack.frames) for (const block of frame.blocks) this.#fresh.add(keyOf(block.id))
  }

  #isFresh(id: Uint8Array): boolean {
    return this.#fresh.size > 0 && this.#fresh.has(keyOf(id))
  }

  #saveFresh(): void {
    if (this.#freshPacks.length > 0) this.table.addPacks(undefined, this.#freshPacks)
    this.#forgetFresh(this.#freshPacks)
  }

  /** Of packs that are in the catalogue now. */
  #forgetFresh(packs: readonly PackInfo[]): void {
    const saved = new Set(packs.map(pack => pack.id))
    const rest = this.#freshPacks.filter(pack => !saved.has(pack.id))
    this.#freshPacks = []
    this.#fresh.clear()
    for (const pack of rest) this.addStored(pack)
  }

  /** Writes index segments for packs; returns the bytes stored. `supersedes` names segments that the new ones replace. */
  async writeSegments(
    packs: readonly PackInfo[],
    supersedes: readonly SegmentId[] = [],
    signal?: AbortSignal,
  ): Promise<number> {
    let written = 0
    const groups = grouped(packs, supersedes.length > 0)
    for (const group of groups) {
      const id = randomHex(16) as SegmentId
      // Only the last one replaces the old ones: before it is stored, its siblings alone would not hold everything.
      // Those that they had replaced in turn and that are still there would count again without them.
      const replaced = group === groups.at(-1) ? [...supersedes, ...this.table.supersededBy(supersedes)] : []
      const segment = { packs: group, supersedes: replaced as SegmentId[] }
      const name = names.segment(id)
      const bytes = sealObject(this.#keyring.object, sealedKind.indexSegment, name, encodeSegment(segment))
      await this.#storage.put(name, [bytes], signal ? { signal } : {})
      this.table.addPacks(id, group, replaced)
      this.#forgetFresh(group)
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

  /** Packs that are there, not about to go, and that no readable segment lists, with what they hold. */
  async unlistedPacks(signal?: AbortSignal): Promise<PackInfo[]> {
    const listed = await this.#condemnedPacks()
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

  async #condemnedPacks(): Promise<Set<string>> {
    return new Set((await this.#condemned.list()).flatMap(list => list.packs))
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
      // A bad place of the medium: the packs know what it said.
      if (isHoldfastError(error, 'storage.failed')) return undefined
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
