import { randomHex } from '../base/random.ts'
import { type PackRow, packState } from '../catalogue/blockRows.ts'
import { throwIfAborted } from '../contract/errors.ts'
import type { PackId, VersionId } from '../contract/ids.ts'
import type { Priority } from '../contract/jobs.ts'
import type { ScrubDamage, ScrubResult } from '../contract/models.ts'
import type { OnProgress } from '../contract/progress.ts'
import { BlockPool } from '../pipeline/blockPool.ts'
import { ProgressMeter } from '../pipeline/progressMeter.ts'
import { ReadRooms } from '../pipeline/readRooms.ts'
import { WorkSet } from '../pipeline/workSet.ts'
import { names } from '../repository/format.ts'
import { withLock } from '../repository/locks.ts'
import type { BlockCopy } from '../repository/marks.ts'
import type { PackInfo } from '../repository/pack.ts'
import { packBufferBytes } from '../repository/packBuilder.ts'
import { listPacks } from '../repository/packReader.ts'
import type { Repository } from '../repository/repository.ts'
import type { VersionRecord } from '../repository/versionRecord.ts'
import type { LoadedRecords } from '../repository/versionStore.ts'
import { checkRecords, checkSegments, describeFault } from './objectCheck.ts'
import { checkPack, type PackFindings } from './packCheck.ts'
import { packsOf } from './packsOf.ts'
import { findLost, type LostOfVersion } from './references.ts'
import { choosePacks } from './rotation.ts'

export interface ScrubOptions {
  /** Only what these versions need; the whole repository when not given. */
  versions?: readonly VersionRecord[]
  /** Presence and sizes only. */
  light: boolean
  /** Share of the packs, (0, 100]; goes on where the last one stopped. */
  percent?: number
  /** Of the threads. */
  priority?: Priority
  signal?: AbortSignal
  onProgress?: OnProgress
}

/**
 * Checks the repository: both copies of every record, the index, and packs (light: that they are there with the right size;
 * deep: every byte). What is found is marked, so that versions show as damaged and the next backup stores the blocks again;
 * what was marked before and is sound again is unmarked. May be cancelled; then nothing is marked.
 */
export async function runScrub(repository: Repository, options: ScrubOptions): Promise<ScrubResult> {
  return await withLock(repository.locks, 'shared', 'scrub', options.signal, () =>
    new ScrubRun(repository, options).run(),
  )
}

class ScrubRun {
  readonly #repository: Repository
  readonly #options: ScrubOptions
  readonly #meter: ProgressMeter
  readonly #damaged: ScrubDamage[] = []
  readonly #notes: string[] = []
  /** Copies found bad in this scrub. */
  readonly #bad: (BlockCopy & { reason: string })[] = []
  /** Objects found bad that a repair can write again. */
  readonly #objects: string[] = []
  /** Packs of which every block was checked in this scrub. */
  readonly #checkedPacks = new Set<string>()
  #checkedBlocks = 0
  #checkedBytes = 0

  constructor(repository: Repository, options: ScrubOptions) {
    this.#repository = repository
    this.#options = options
    this.#meter = new ProgressMeter(repository.clock, options.onProgress)
  }

  async run(): Promise<ScrubResult> {
    const { clock } = this.#repository
    const { signal } = this.#options
    const began = clock.monotonic()
    this.#meter.phase('preparing')
    const loaded = await this.#repository.refresh(signal)
    if (!this.#options.versions) await this.#checkObjects()
    const missing = await this.#checkPresence(loaded)
    const { chosen, cursor } = await this.#choose(loaded)
    this.#meter.phase(
      'scrubbing',
      chosen.reduce((sum, pack) => sum + pack.sizeBytes, 0),
    )
    const known = loaded.marks.damagedCopies
    const search = () => findLost(this.#repository, this.#options.versions ?? loaded.versions, signal)
    // The threads leave this one idle, and mostly find nothing that would change the answer.
    const early = search().catch(() => undefined)
    try {
      if (this.#options.light) this.#checkedBlocks = chosen.reduce((sum, pack) => sum + pack.blockCount, 0)
      else await this.#checkPacks(chosen)
    } finally {
      await early
    }
    throwIfAborted(signal, 'The scrub')
    const damagedNow = this.#damagedCopies(known)
    const isNew = damagedNow.length !== known.length || this.#bad.length > 0
    if (isNew) {
      this.#repository.index.table.setDamaged(
        damagedNow.map(copy => ({ blockId: Buffer.from(copy.block, 'hex'), packId: copy.pack })),
      )
    }
    this.#meter.phase('searching')
    const lost = (isNew ? undefined : await early) ?? (await search())
    this.#report(known, lost, missing)
    await this.#mark(loaded, lost, missing, cursor)
    this.#meter.end()
    return {
      checkedBlocks: this.#checkedBlocks,
      checkedBytes: this.#checkedBytes,
      damaged: this.#damaged,
      versions: [...new Set(this.#damaged.flatMap(damage => damage.versions))],
      notes: this.#notes,
      durationMs: Math.round(clock.monotonic() - began),
    }
  }

  async #checkObjects(): Promise<void> {
    for (const fault of await checkRecords(this.#repository, this.#options.signal)) {
      this.#damaged.push(describeFault(fault))
      if (fault.sound) this.#objects.push(fault.name)
    }
    for (const name of await checkSegments(this.#repository, this.#options.signal)) {
      this.#objects.push(name)
      const reason = `Index segment ${name.slice(6)} was altered; the packs hold all of it; the next backup, or "holdfast repair", writes it again.`
      this.#damaged.push({ object: name, block: null, pack: null, reason, versions: [] })
    }
  }

  /** Holds the index against the packs that are there. Returns the packs that are missing or have the wrong size. */
  async #checkPresence(loaded: LoadedRecords): Promise<Set<string>> {
    const reconciled = await this.#repository.index.reconcile(this.#options.signal)
    for (const { id, found, expected } of reconciled.missing) {
      const how = found === undefined ? 'is missing' : `has ${found} bytes instead of ${expected}`
      if (found !== undefined) this.#objects.push(names.pack(id))
      this.#damaged.push(packDamage(id, how))
    }
    for (const id of reconciled.unreadable) {
      this.#notes.push(`Pack ${id} is in no index and cannot be read; nothing is known to need it.`)
    }
    if (reconciled.adopted.length > 0) await this.#judgeUnlisted(reconciled.adopted, loaded)
    return new Set(reconciled.missing.map(pack => pack.id))
  }

  /** Packs in no segment: left by a run that was interrupted, or, where versions need them, a segment was lost. */
  async #judgeUnlisted(unlisted: readonly PackInfo[], loaded: LoadedRecords): Promise<void> {
    const numbers = new Map(this.#repository.index.table.packs().map(pack => [pack.id as string, pack.num]))
    const ids = new Set<string>(unlisted.map(pack => pack.id))
    // A prune that was killed leaves second copies of blocks that listed packs still hold: these are not needed.
    const needed = await packsOf(this.#repository, loaded.versions, copies =>
      copies.every(copy => ids.has(copy.packId)) ? copies[0] : undefined,
    )
    const left = unlisted.filter(pack => !needed.has(numbers.get(pack.id) ?? -1))
    for (const pack of unlisted.filter(pack => !left.includes(pack))) {
      const how =
        'is in no index segment: one was lost. The pack says itself what it holds; the next backup, or "holdfast repair", lists it again'
      this.#damaged.push(packDamage(pack.id, how))
    }
    if (left.length > 0) {
      this.#notes.push(`${left.length} packs were left by a run that was interrupted; the next backup uses them.`)
    }
  }

  async #choose(loaded: LoadedRecords) {
    const { index } = this.#repository
    const there = await listPacks(this.#repository.storage, this.#options.signal)
    const all = index.table.packs().filter(pack => there.has(pack.id as never) && pack.state <= packState.condemned)
    if (this.#options.versions) {
      const needed = await packsOf(this.#repository, this.#options.versions)
      const chosen = all.filter(pack => needed.has(pack.num))
      if (this.#options.percent === undefined) return { chosen, cursor: undefined }
      // A sample of one version stands beside the rotation.
      return { chosen: choosePacks(chosen, this.#options.percent, randomHex(16)).chosen, cursor: undefined }
    }
    if (this.#options.percent === undefined) return { chosen: all, cursor: undefined }
    return choosePacks(all, this.#options.percent, loaded.marks.scrubCursor)
  }

  async #checkPacks(packs: readonly PackRow[]): Promise<void> {
    const { keyring, blockSizeBytes } = this.#repository
    // Nothing is kept in the slots: packs are read whole, and few at a time, since each is 16 MiB.
    const pool = new BlockPool(keyring, blockSizeBytes, {
      slotBytes: blockSizeBytes,
      priority: this.#options.priority,
    })
    const rooms = new ReadRooms(packBufferBytes)
    const checks = new WorkSet()
    try {
      for (const pack of packs) {
        throwIfAborted(this.#options.signal, 'The scrub')
        await checks.room(pool.threads + 1)
        const expected = { ...pack, id: pack.id as PackId }
        await checks.startIn(pool, async slot => {
          const { signal } = this.#options
          this.#take(await checkPack(this.#repository, pool, slot, rooms, expected, signal), pack)
        })
      }
      await checks.finish()
    } finally {
      await checks.settle()
      await pool.close()
    }
  }

  #take(findings: PackFindings, pack: PackRow): void {
    // A prune has deleted it meanwhile, as it said that it would.
    if (findings.isGone && pack.state === packState.condemned) return
    this.#checkedBlocks += findings.checkedBlocks
    this.#checkedBytes += findings.checkedBytes
    this.#checkedPacks.add(findings.pack)
    for (const fault of findings.faults) this.#damaged.push(packDamage(findings.pack, fault))
    if (findings.faults.length > 0) this.#objects.push(names.pack(findings.pack))
    for (const { id, reason } of findings.badBlocks) {
      this.#bad.push({ pack: findings.pack, block: id.toString('hex'), reason })
    }
    this.#meter.add(pack.sizeBytes)
  }

  /** What was known to be damaged and was not found sound just now, and what was found. */
  #damagedCopies(known: readonly BlockCopy[]): BlockCopy[] {
    const still = known.filter(copy => !this.#checkedPacks.has(copy.pack))
    return [...still, ...this.#bad.map(({ pack, block }) => ({ pack, block }))]
  }

  #report(known: readonly BlockCopy[], lost: readonly LostOfVersion[], missing: ReadonlySet<string>): void {
    const knownKeys = new Set(known.map(keyOf))
    const named = new Set<string>()
    let healed = 0
    for (const bad of this.#bad) {
      const affected = lost.filter(one => one.blocks.has(bad.block))
      const sound = this.#repository.index.hasSoundCopy(Buffer.from(bad.block, 'hex'))
      if (sound && knownKeys.has(keyOf(bad))) {
        healed++
        continue
      }
      named.add(bad.block)
      const rest = sound ? '; another copy of it is sound' : ''
      const ofRecipes = affected.filter(one => one.recipeBlocks.has(bad.block))
      this.#damaged.push({
        object: names.pack(bad.pack),
        block: bad.block,
        pack: bad.pack,
        reason: `A block in pack ${bad.pack} is damaged: ${bad.reason}${rest}.${recipeWords(ofRecipes)}`,
        ...affectedVersions(affected, one => one.sourceBlocks.has(bad.block)),
      })
    }
    if (healed > 0) {
      this.#notes.push(
        `${healed} damaged blocks have been stored again since; "holdfast prune" removes the bad copies.`,
      )
    }
    const isUnnamed = (block: string) => !named.has(block)
    for (const one of lost) {
      const { id, name } = one.version
      this.#reportUnnamed(`Version ${id} of ${name}`, [...one.sourceBlocks].filter(isUnnamed), missing, [one])
      const ofRecipe = [...one.recipeBlocks].filter(block => isUnnamed(block) && !one.sourceBlocks.has(block))
      this.#reportUnnamed(`The machine recipe of version ${id} of ${name}`, ofRecipe, missing, [{ ...one, ranges: [] }])
    }
  }

  /** Blocks that are lost for another reason than that this scrub has found a copy damaged. */
  #reportUnnamed(
    who: string,
    unnamed: readonly string[],
    missing: ReadonlySet<string>,
    affected: readonly LostOfVersion[],
  ): void {
    if (unnamed.length === 0) return
    const why = missing.size > 0 ? ', because packs are missing' : ''
    this.#damaged.push({
      object: null,
      block: unnamed.length === 1 ? unnamed[0]! : null,
      pack: null,
      reason: `${who} needs ${unnamed.length} blocks that the repository no longer has${why}.`,
      ...affectedVersions(affected),
    })
  }

  async #mark(
    loaded: LoadedRecords,
    lost: readonly LostOfVersion[],
    missing: ReadonlySet<string>,
    cursor: string | null | undefined,
  ): Promise<void> {
    const at = new Date(this.#repository.clock.now()).toISOString()
    const { versions: store } = this.#repository
    const known = new Set(loaded.marks.damagedCopies.map(keyOf))
    const bad = new Set(this.#bad.map(keyOf))
    const fresh = this.#bad.filter(copy => !known.has(keyOf(copy))).map(({ pack, block }) => ({ pack, block }))
    const rows = this.#repository.index.table.packs()
    const listed = new Set(rows.flatMap(pack => (pack.state === packState.gone ? [] : [pack.id])))
    // What was in packs that have been pruned since is no damage any more either.
    const isOver = (copy: BlockCopy) => this.#checkedPacks.has(copy.pack) || !listed.has(copy.pack)
    const sound = loaded.marks.damagedCopies.filter(copy => isOver(copy) && !bad.has(keyOf(copy)))
    const news = lost.flatMap(({ version, blocks }) => {
      const before = loaded.marks.damagedVersions.get(version.id)
      const added = [...blocks].filter(block => !before?.has(block))
      return added.length > 0 ? [{ version: version.id, blocks: added }] : []
    })
    const newlyMissing = [...missing].filter(pack => !loaded.marks.missingPacks.has(pack))
    const objects = this.#objects.filter(name => !loaded.marks.damagedObjects.has(name))
    if (fresh.length + news.length + newlyMissing.length + objects.length > 0) {
      await store.putMark({ kind: 'damage', at, copies: fresh, packs: newlyMissing, objects, versions: news })
    }
    // They are back, or nothing lists them any more.
    const back = [...loaded.marks.missingPacks].filter(pack => !missing.has(pack))
    if (sound.length > 0 || back.length > 0) await store.putMark({ kind: 'sound', at, copies: sound, packs: back })
    const whole = this.#options.percent === undefined
    await store.putMark({
      kind: 'scrub',
      at,
      mode: this.#options.light ? 'light' : 'deep',
      versions: whole ? (this.#options.versions ?? loaded.versions).map(version => version.id) : [],
      ...(cursor === undefined ? {} : { cursor }),
      checkedBlocks: this.#checkedBlocks,
      damagedBlocks: this.#bad.length,
    })
  }
}

const keyOf = (copy: BlockCopy): string => `${copy.pack}/${copy.block}`

function packDamage(id: string, how: string): ScrubDamage {
  return { object: names.pack(id), block: null, pack: id, reason: `Pack ${id} ${how}.`, versions: [] }
}

/** What a block is for whose loss no range of a version shows. */
function recipeWords(lost: readonly LostOfVersion[]): string {
  const [first] = lost
  if (!first) return ''
  const others = lost.length > 1 ? ` and of ${lost.length - 1} others` : ''
  return ` It belongs to the machine recipe of version ${first.version.id} of ${first.version.name}${others}.`
}

/** `hasRanges`: whether it is about the ranges that are lost of a version. */
function affectedVersions(
  lost: readonly LostOfVersion[],
  hasRanges: (one: LostOfVersion) => boolean = () => true,
): Pick<ScrubDamage, 'versions' | 'ranges'> {
  return {
    versions: lost.map(one => one.version.id as VersionId),
    ranges: lost
      .filter(hasRanges)
      .flatMap(one => one.ranges.map(range => ({ version: one.version.id as VersionId, ...range }))),
  }
}
