import { asBuffer } from '../base/memory.ts'
import { type BlockRow, type DamagedCopy, type NewPack, type PackRow, packState } from './blockRows.ts'
import type { Database, Statement } from './database.ts'
import { NearbyBlocks } from './nearbyBlocks.ts'
import { decodeContents, encodeContents, type PackContent } from './packContents.ts'

const packColumns =
  'SELECT num, id, size_bytes AS sizeBytes, block_count AS blockCount, state, wrapped_key AS wrappedKey FROM packs'

/** Rows that go in with one statement: calling one costs as much as inserting a row. */
const rowsAtOnce = 64

const insertBlocks = (rows: number) =>
  `INSERT OR IGNORE INTO blocks
     (id, pack, kind, compression, frame_offset, frame_stored_bytes, frame_plain_bytes, start, plain_bytes)
   VALUES ${Array(rows).fill('(?, ?, ?, ?, ?, ?, ?, ?, ?)').join(', ')}`

/** Typed queries on the block index of one repository. Every method is one transaction. */
export class BlockTable {
  readonly #db: Database
  readonly #find: Statement
  readonly #findCopies: Statement
  readonly #findPack: Statement
  readonly #insertPack: Statement
  readonly #insertBlock: Statement
  readonly #insertBlocks: Statement
  readonly #insertContents: Statement
  readonly #contents: Statement
  readonly #packNum: Statement
  /** Cleared, like what is derived from packs, whenever this connection changes packs; what other processes change is seen by the next run. */
  readonly #packs = new Map<number, PackRow | undefined>()
  readonly #nearby = new NearbyBlocks()
  /** A first backup need not look for each of its blocks. */
  #isEmpty: boolean | undefined
  #condemned: ReadonlySet<string> = new Set()
  #markLive: Statement | undefined

  constructor(db: Database) {
    this.#db = db
    this.#find = db
      .prepare(
        `SELECT pack, kind, compression, frame_offset, frame_stored_bytes, frame_plain_bytes, start, plain_bytes, damaged
         FROM blocks WHERE id = ?`,
      )
      .raw()
    this.#findCopies = db.prepare('SELECT pack, damaged FROM blocks WHERE id = ?').raw()
    this.#findPack = db.prepare(`${packColumns} WHERE num = ?`)
    this.#insertPack = db.prepare(
      `INSERT INTO packs (id, wrapped_key, size_bytes, block_count, state) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET state = CASE state WHEN ${packState.gone} THEN excluded.state ELSE state END`,
    )
    this.#insertContents = db.prepare('INSERT OR IGNORE INTO pack_contents (pack, frames) VALUES (?, ?)')
    this.#contents = db.prepare('SELECT frames FROM pack_contents WHERE pack = ?').pluck()
    this.#packNum = db.prepare('SELECT num FROM packs WHERE id = ?').pluck()
    this.#insertBlock = db.prepare(insertBlocks(1))
    this.#insertBlocks = db.prepare(insertBlocks(rowsAtOnce))
  }

  /**
   * All copies of a block, the best first: sound ones before damaged ones (a sound one must not be pruned for the sake of a
   * damaged one), live before condemned; last those whose pack is not there.
   */
  find(id: Uint8Array): BlockRow[] {
    const rows = (this.#find.all(id) as number[][]).flatMap(row => this.#blockRow(row) ?? [])
    return rows.length < 2 ? rows : rows.sort((a, b) => rank(a) - rank(b) || a.packNum - b.packNum)
  }

  /**
   * One copy of a block: a live and sound one if there is any, else the best. Of several it is not always the same one.
   * Many calls for blocks that were stored together, in that order, cost little.
   */
  findOne(id: Uint8Array): BlockRow | undefined {
    const near = this.#nearby.next(id)
    if (near) return near
    const best = this.find(id)[0]
    if (best?.damaged !== 0 || best.packState !== packState.live) return best
    if (this.#nearby.isWorthTaking(best.packNum)) this.#takeNearby(best)
    this.#nearby.goOnBehind(best)
    return best
  }

  #takeNearby(pack: BlockRow): void {
    const damaged = new Set(
      this.#damaged().flatMap(copy => (copy.packId === pack.packId ? [asBuffer(copy.blockId).toString('latin1')] : [])),
    )
    const isSound = (id: Buffer) => damaged.size === 0 || !damaged.has(id.toString('latin1'))
    this.#nearby.take(pack, this.contentsOf(pack.packNum), isSound)
  }

  /** True when there is a copy that a new version may refer to. */
  isLive(id: Uint8Array): boolean {
    this.#isEmpty ??= this.#db.prepare('SELECT 1 FROM blocks LIMIT 1').get() === undefined
    if (this.#isEmpty) return false
    for (const [pack, damaged] of this.#findCopies.all(id) as [number, number][]) {
      if (damaged === 0 && this.#pack(pack)?.state === packState.live) return true
    }
    return false
  }

  #blockRow(row: number[]): BlockRow | undefined {
    const [pack, kind, compression, frameOffset, frameStoredBytes, framePlainBytes, start, plainBytes, damaged] =
      row as [...[number, number, number, number, number, number, number, number, number]]
    const known = this.#pack(pack)
    if (!known) return undefined
    const { num, id, wrappedKey, state } = known
    return {
      ...{ packNum: num, packId: id, wrappedKey, packState: state },
      ...{ kind, compression, frameOffset, frameStoredBytes, framePlainBytes, start, plainBytes, damaged },
    }
  }

  /**
   * Packs are few beside blocks, and are remembered: a join for every block would cost more than finding it. Undefined when
   * another process has dropped the pack a moment ago.
   */
  #pack(num: number): PackRow | undefined {
    if (this.#packs.has(num)) return this.#packs.get(num)
    const row = this.#findPack.get(num) as PackRow | undefined
    if (row?.state === packState.live && this.#condemned.has(row.id)) row.state = packState.condemned
    this.#packs.set(num, row)
    return row
  }

  #forget(): void {
    this.#isEmpty = undefined
    this.#packs.clear()
    this.#nearby.clear()
  }

  /**
   * From now on, and whatever other processes write into the catalogue, none of these packs counts as live in this one:
   * they may work from an older view of the repository.
   */
  setCondemned(packs: ReadonlySet<string>): void {
    this.#condemned = packs
    this.#forget()
  }

  /** Segments that were read. One is superseded as long as one that replaces it is there. */
  segments(): { id: string; superseded: number }[] {
    return this.#db
      .prepare(
        `SELECT id, EXISTS (
           SELECT 1 FROM superseded s JOIN segments o ON o.id = s.by_segment WHERE s.segment = segments.id
         ) AS superseded FROM segments`,
      )
      .all() as { id: string; superseded: number }[]
  }

  /** Segments that some of these replaced and that are still in the repository. */
  supersededBy(ids: readonly string[]): string[] {
    const superseded = this.#db
      .prepare('SELECT segment FROM superseded WHERE by_segment = ? AND segment IN (SELECT id FROM segments)')
      .pluck()
    return [...new Set(ids.flatMap(id => superseded.all(id) as string[]))].filter(id => !ids.includes(id))
  }

  /** Numbers of the packs that a segment lists which is not superseded. */
  listedPacks(): Set<number> {
    const listed = this.#db
      .prepare(
        `SELECT DISTINCT sp.pack FROM segment_packs sp JOIN segments s ON s.id = sp.segment
         WHERE NOT EXISTS (SELECT 1 FROM superseded o JOIN segments b ON b.id = o.by_segment WHERE o.segment = s.id)`,
      )
      .pluck()
    return new Set(listed.all() as number[])
  }

  /** Takes in one index segment, or with `segment` undefined packs that no segment lists yet. */
  addPacks(segment: string | undefined, packs: readonly NewPack[], supersedes: readonly string[] = []): void {
    this.#forget()
    this.#db
      .transaction(() => {
        if (segment !== undefined) {
          this.#db.prepare('INSERT OR IGNORE INTO segments (id) VALUES (?)').run(segment)
          const supersede = this.#db.prepare('INSERT OR IGNORE INTO superseded (segment, by_segment) VALUES (?, ?)')
          for (const id of supersedes) supersede.run(id, segment)
        }
        const link = this.#db.prepare('INSERT OR IGNORE INTO segment_packs (segment, pack) VALUES (?, ?)')
        const rows: unknown[][] = []
        for (const pack of packs) {
          const state = this.#condemned.has(pack.id) ? packState.condemned : packState.live
          this.#insertPack.run(pack.id, pack.wrappedKey, pack.sizeBytes, blocksIn(pack), state)
          const num = this.#packNum.get(pack.id) as number
          if (segment !== undefined) link.run(segment, num)
          this.#insertContents.run(num, encodeContents(pack.frames))
          for (const f of pack.frames) {
            let start = 0
            for (const { id, plainBytes } of f.blocks) {
              rows.push([id, num, f.kind, f.compression, f.offset, f.storedBytes, f.plainBytes, start, plainBytes])
              start += plainBytes
            }
          }
        }
        // Ids are random; in their order, the table is filled from one end to the other instead of all over.
        rows.sort((a, b) => (a[0] as Buffer).readUInt32BE(0) - (b[0] as Buffer).readUInt32BE(0))
        let done = 0
        for (; done + rowsAtOnce <= rows.length; done += rowsAtOnce) {
          this.#insertBlocks.run(rows.slice(done, done + rowsAtOnce).flat())
        }
        for (const row of rows.slice(done)) this.#insertBlock.run(row)
        this.#flag(this.#damaged(), 1)
      })
      .immediate()
  }

  /**
   * Forgets segments that are no longer in the repository; those that they replaced count again, if they are there and no
   * other one that is left has replaced them as well.
   */
  dropSegments(ids: readonly string[]): void {
    if (ids.length === 0) return
    this.#db
      .transaction(() => {
        for (const id of ids) {
          this.#db.prepare('DELETE FROM segments WHERE id = ?').run(id)
          this.#db.prepare('DELETE FROM segment_packs WHERE segment = ?').run(id)
          const replaced = this.#db.prepare('SELECT segment FROM superseded WHERE by_segment = ?').pluck().all(id)
          this.#db.prepare('DELETE FROM superseded WHERE by_segment = ?').run(id)
          // Their packs may have been dropped meanwhile: they must be read again.
          const forget = this.#db.prepare(
            `DELETE FROM segments WHERE id = ? AND NOT EXISTS (
               SELECT 1 FROM superseded s JOIN segments o ON o.id = s.by_segment WHERE s.segment = segments.id)`,
          )
          for (const segment of replaced) forget.run(segment)
        }
      })
      .immediate()
  }

  /**
   * Sets the state of every pack from what the segments list, and which packs are condemned or known to be missing; drops
   * the blocks of packs that are gone once they are many. `extra` names packs that count although no segment lists them.
   * A pack that was found missing from this computer stays so until it is found again.
   */
  settle(condemned: ReadonlySet<string>, extra: ReadonlySet<string>, missing: ReadonlySet<string>): void {
    this.#forget()
    this.#db
      .transaction(() => {
        const inSegments = this.listedPacks()
        const update = this.#db.prepare('UPDATE packs SET state = ? WHERE num = ?')
        let gone = 0
        for (const row of this.packs()) {
          const state = stateOf(row)
          if (state === packState.gone) gone++
          if (state !== row.state) update.run(state, row.num)
        }
        if (gone > 64) this.#dropGone()

        function stateOf(row: PackRow): number {
          if (!inSegments.has(row.num) && !extra.has(row.id)) return packState.gone
          if (missing.has(row.id) || row.state === packState.missing) return packState.missing
          return condemned.has(row.id) ? packState.condemned : packState.live
        }
      })
      .immediate()
  }

  /** Every pack, in no order. */
  packs(): PackRow[] {
    return this.#db.prepare(packColumns).all() as PackRow[]
  }

  /** What a pack holds, in its order; nothing when it is not known. */
  contentsOf(packNum: number): PackContent[] {
    const frames = this.#contents.get(packNum) as Buffer | undefined
    return frames ? decodeContents(frames) : []
  }

  /** Starts to collect what versions need, in a table of this connection alone. */
  beginLive(): void {
    this.#db.exec(`
      CREATE TEMP TABLE IF NOT EXISTS live (pack INTEGER NOT NULL, id BLOB NOT NULL, PRIMARY KEY (pack, id)) WITHOUT ROWID;
      DELETE FROM live;`)
  }

  /** A version needs this block: its best copy is live. False when it was known already, or there is no copy. */
  markLive(id: Uint8Array): boolean {
    const best = this.find(id).find(row => row.packState <= packState.condemned)
    if (!best) return false
    this.#markLive ??= this.#db.prepare('INSERT OR IGNORE INTO live (pack, id) VALUES (?, ?)')
    return this.#markLive.run(best.packNum, id).changes > 0
  }

  /** Live blocks and their plain bytes, for each pack that has any. */
  liveByPack(): Map<number, { blocks: number; plainBytes: number }> {
    const rows = this.#db
      .prepare(
        `SELECT l.pack, count(*) AS blocks, sum(b.plain_bytes) AS plainBytes
         FROM live l JOIN blocks b ON b.id = l.id AND b.pack = l.pack GROUP BY l.pack`,
      )
      .all() as { pack: number; blocks: number; plainBytes: number }[]
    return new Map(rows.map(({ pack, ...counts }) => [pack, counts]))
  }

  /** The live blocks of a pack. */
  liveBlocksOf(packNum: number): { id: Buffer; kind: number; plainBytes: number }[] {
    return this.#db
      .prepare(
        `SELECT b.id, b.kind, b.plain_bytes AS plainBytes FROM live l JOIN blocks b ON b.id = l.id AND b.pack = l.pack
         WHERE l.pack = ? ORDER BY b.frame_offset, b.start`,
      )
      .all(packNum) as { id: Buffer; kind: number; plainBytes: number }[]
  }

  /** Sum of the plain bytes and count of all blocks that are there, each once. */
  totals(): { blocks: number; plainBytes: number } {
    return this.#db
      .prepare(
        `SELECT count(*) AS blocks, coalesce(sum(plain), 0) AS plainBytes FROM (
           SELECT b.plain_bytes AS plain FROM blocks b JOIN packs p ON p.num = b.pack
           WHERE p.state <= ${packState.condemned} AND b.kind = 1 GROUP BY b.id)`,
      )
      .get() as { blocks: number; plainBytes: number }
  }

  setPackState(packId: string, state: number): void {
    this.#forget()
    this.#db.prepare('UPDATE packs SET state = ? WHERE id = ?').run(state, packId)
  }

  /** Records which copies of blocks are damaged; every copy that is not named is sound. */
  setDamaged(copies: readonly DamagedCopy[]): void {
    this.#nearby.clear()
    this.#db
      .transaction(() => {
        const before = this.#damaged()
        if (before.length === 0 && copies.length === 0) return
        this.#flag(before, 0)
        this.#db.exec('DELETE FROM damage')
        const insert = this.#db.prepare('INSERT OR IGNORE INTO damage (block, pack) VALUES (?, ?)')
        for (const copy of copies) insert.run(copy.blockId, copy.packId)
        this.#flag(copies, 1)
      })
      .immediate()
  }

  #damaged(): DamagedCopy[] {
    return this.#db.prepare('SELECT block AS blockId, pack AS packId FROM damage').all() as DamagedCopy[]
  }

  #flag(copies: readonly DamagedCopy[], damaged: 0 | 1): void {
    const update = this.#db.prepare(
      'UPDATE blocks SET damaged = ? WHERE id = ? AND pack = (SELECT num FROM packs WHERE id = ?)',
    )
    for (const copy of copies) update.run(damaged, copy.blockId, copy.packId)
  }

  #dropGone(): void {
    this.#db.exec(`
      DELETE FROM blocks WHERE pack IN (SELECT num FROM packs WHERE state = ${packState.gone});
      DELETE FROM pack_contents WHERE pack IN (SELECT num FROM packs WHERE state = ${packState.gone});
      DELETE FROM segment_packs WHERE pack IN (SELECT num FROM packs WHERE state = ${packState.gone});
      DELETE FROM packs WHERE state = ${packState.gone};`)
  }
}

const rank = ({ packState: state, damaged }: BlockRow): number =>
  (state >= packState.missing ? 100 : 0) + (damaged ? 10 : 0) + state

const blocksIn = (pack: NewPack): number => pack.frames.reduce((count, frame) => count + frame.blocks.length, 0)
