import { hostname } from 'node:os'
import { Limiter } from '../base/limiter.ts'
import { randomHex } from '../base/random.ts'
import { HoldfastError, isHoldfastError, throwIfAborted } from '../contract/errors.ts'
import type { VersionId } from '../contract/ids.ts'
import type { Priority } from '../contract/jobs.ts'
import type { BackupResult, ByteRange, ReadMethod } from '../contract/models.ts'
import type { OnProgress } from '../contract/progress.ts'
import { zstdLevel } from '../repository/blockCrypto.ts'
import { BlockMapEditor, type MapRoot } from '../repository/blockMapEditor.ts'
import { type Lock, lockLost, withLock } from '../repository/locks.ts'
import type { Repository } from '../repository/repository.ts'
import { rootOf, type VersionRecord } from '../repository/versionRecord.ts'
import type { BlockHints } from '../sources/hints.ts'
import { intersect, type RangeSet, subtract, union } from '../sources/ranges.ts'
import type { Source } from '../sources/source.ts'
import { findLostParts, hintsAgree, loadAround } from './baseCheck.ts'
import { BlockPool } from './blockPool.ts'
import { ChunkReader } from './chunkReader.ts'
import { MapNodeStore } from './mapNodeStore.ts'
import { PackSink } from './packSink.ts'
import { ProgressMeter } from './progressMeter.ts'
import { type PlanStep, planByAllocation, planByHints, planOfRest } from './readPlan.ts'
import { storeRecipe } from './recipeStore.ts'
import { findShrinkage } from './shrinkage.ts'
import { joined } from './tolerantReader.ts'

/** Methods by which a run is told what to read. */
export type HintedMethod = Exclude<ReadMethod, 'full' | 'allocation'>

export interface BackupOptions {
  name: string
  labels?: Record<string, string>
  /** What changed since `base`, or without a base: what is in use. Checked by sample. */
  hints?: BlockHints
  /** Where the hints come from, for the version's record; 'hints' unless given. */
  hintsMethod?: HintedMethod
  /** What of the source is in use; the rest is free and becomes holes. Has no meaning together with `hints`. */
  allocated?: Allocated
  /** The version that unchanged parts are taken over from; needs `hints`. */
  base?: VersionRecord
  /** A version of another repository that this becomes a copy of. Its hints are exact, so no sample of the rest is looked at. */
  copyOf?: CopiedVersion
  /**
   * No version is made: what the base has lost is read from the source, which holds the same bytes, and stored again. integrity.blockDamaged
   * when the source proves to hold others.
   */
  healsBase?: true
  /** Parts that the base could not read of its own source, and that are taken over from it. */
  missing?: readonly ByteRange[]
  /** The moment that the source shows, milliseconds since 1970 UTC; when the run begins unless given. */
  shownAt?: number
  /** The set of versions that this one belongs to. */
  set?: VersionRecord['set']
  /** Bytes per second read from the source. */
  readLimit?: number
  /** The machine recipe, an archive, which may come later than the source's last byte; undefined when there is none. */
  recipe?: Promise<Uint8Array | undefined>
  threads?: number
  /** Of the threads. */
  priority?: Priority
  signal?: AbortSignal
  onProgress?: OnProgress
}

/** What a copy takes over from the version that it is made of; the rest of its record is about the repository that it is in. */
export interface CopiedVersion {
  record: Omit<VersionRecord, 'root' | 'recipe' | 'blockSizeBytes' | 'newBytes' | 'storedBytes'>
  protected: boolean
}

/** What somebody who knows the content of a source says of it. */
export interface Allocated {
  /** In bytes. */
  used: RangeSet
  /**
   * Whether that is still so, asked after the last read: when it is not, what was left out is read as well, and the version counts
   * as one that was read in full. Absent where nothing can change.
   */
  isStillTrue?: () => Promise<boolean>
}

/**
 * Backs a source up as a new version. What is stored along the way stays: a run that is killed is continued by the next,
 * which finds the packs again. The version appears only when everything it needs is durable.
 *
 * Cancelled by the signal (run.cancelled). A source with unreadable parts gives a version with status 'incomplete' and no
 * error. repository.lockLost may be retried.
 */
export async function runBackup(repository: Repository, source: Source, options: BackupOptions): Promise<BackupResult> {
  return await withLock(repository.locks, 'shared', 'backup', options.signal, lock =>
    new BackupRun(repository, source, options, lock).run(),
  )
}

/** What was read, and the map of it. */
interface ReadPart {
  counted: ChunkReader['counters'] & { unreadable: ByteRange[]; recipe: VersionRecord['recipe'] }
  root: Buffer | undefined
  method: ReadMethod
}

class BackupRun {
  readonly #repository: Repository
  readonly #source: Source
  readonly #options: BackupOptions
  readonly #lock: Lock
  readonly #meter: ProgressMeter
  readonly #sink: PackSink
  readonly #warnings: string[] = []
  #hintsRejected = false
  #isFirst = false
  #hasRecipe = false

  constructor(repository: Repository, source: Source, options: BackupOptions, lock: Lock) {
    this.#repository = repository
    this.#source = source
    this.#options = options
    this.#lock = lock
    this.#sink = new PackSink(repository, bytes => this.#meter.sent(bytes))
    const isFromRepository = options.copyOf !== undefined || options.healsBase === true
    this.#meter = new ProgressMeter(repository.clock, options.onProgress, {
      stored: () => this.#sink.storedBytes,
      tellsSpeed: isFromRepository || !repository.storage.url.startsWith('file:'),
    })
  }

  get #hintedMethod(): HintedMethod {
    return this.#options.hintsMethod ?? 'hints'
  }

  async run(): Promise<BackupResult> {
    const { clock } = this.#repository
    const startedAt = this.#options.shownAt ?? clock.now()
    const began = clock.monotonic()
    this.#meter.phase('preparing')
    const { plan, base, method: chosen, nodes } = await this.#prepare()
    const read = await this.#readInto(nodes, base, plan, chosen)
    const { counted, root, method } = await this.#withRest(read, chosen, nodes)
    const holeBytes = base.id ? counted.holeBytes : this.#source.sizeBytes - counted.dataBytes
    this.#meter.phase('finishing')
    await nodes.finish()
    await this.#sink.flush()
    const record: VersionRecord = {
      id: randomHex(8) as VersionId,
      name: this.#options.name,
      startedAt: new Date(startedAt).toISOString(),
      finishedAt: new Date(clock.now()).toISOString(),
      sizeBytes: this.#source.sizeBytes,
      blockSizeBytes: this.#repository.blockSizeBytes,
      root: root ? root.toString('hex') : null,
      status: counted.unreadable.length > 0 ? 'incomplete' : 'complete',
      method,
      consistency: await this.#source.consistency(),
      source: { path: this.#source.path, kind: this.#source.kind },
      host: hostname(),
      base: isHinted(method) ? (this.#options.base?.id ?? null) : null,
      labels: this.#options.labels ?? {},
      ...(this.#options.set && { set: this.#options.set }),
      unreadable: counted.unreadable,
      readBytes: counted.readBytes,
      newBytes: counted.newBytes,
      storedBytes: this.#sink.storedBytes,
      holeBytes,
      durationMs: Math.round(clock.monotonic() - began),
      ...this.#options.copyOf?.record,
      ...(counted.recipe && { recipe: counted.recipe }),
    }
    if (this.#options.healsBase) requireSameMap(record, this.#options.base)
    else await this.#commit(record)
    this.#meter.end()
    return this.#result(record)
  }

  /** Reads what is planned, and makes the map of it out of that of the base. */
  async #readInto(nodes: MapNodeStore, base: MapRoot, plan: Iterable<PlanStep>, method: ReadMethod): Promise<ReadPart> {
    const editor = await BlockMapEditor.open(nodes, base, this.#source.sizeBytes, this.#repository.blockSizeBytes)
    const counted = await this.#read(plan, method, editor, nodes)
    return { counted, root: await editor.finish(), method }
  }

  /** Reads what was left out as free as well, if by now nobody can say that it is. */
  async #withRest(first: ReadPart, method: ReadMethod, nodes: MapNodeStore): Promise<ReadPart> {
    const { allocated } = this.#options
    if (method !== 'allocation' || !allocated?.isStillTrue || (await allocated.isStillTrue())) return first
    const { sizeBytes } = this.#source
    const plan = planOfRest(this.#source, this.#repository.blockSizeBytes, allocated.used)
    const rest = await this.#readInto(nodes, { id: first.root, sizeBytes }, plan, method)
    const [a, b] = [first.counted, rest.counted]
    const counted = {
      readBytes: a.readBytes + b.readBytes,
      dataBytes: a.dataBytes + b.dataBytes,
      newBytes: a.newBytes + b.newBytes,
      holeBytes: a.holeBytes + b.holeBytes,
      unreadable: joined([...a.unreadable, ...b.unreadable].sort((x, y) => x.offset - y.offset)),
      recipe: a.recipe,
    }
    return { counted, root: rest.root, method: this.#source.knowsHoles ? 'allocation' : 'full' }
  }

  /** Brings the index up to date, finds what killed runs left, and decides what to read. */
  async #prepare() {
    const { signal } = this.#options
    const loaded = await this.#repository.refresh(signal)
    this.#isFirst = !loaded.versions.some(version => version.name === this.#options.name)
    const reconciled = await this.#repository.index.reconcile(signal)
    this.#sink.adopt(reconciled.adopted)
    if (reconciled.missing.length > 0) {
      this.#warnings.push(
        `${reconciled.missing.length} packs are missing or cut short in the repository; what the source still has of them is stored again. Run "holdfast scrub" to see what is affected.`,
      )
    }
    const nodes = new MapNodeStore(this.#repository, this.#sink)
    const nothing: MapRoot = { id: undefined, sizeBytes: this.#source.sizeBytes }
    const used = this.#options.hints ? undefined : this.#options.allocated?.used
    const full = {
      plan: planByAllocation(this.#source, this.#repository.blockSizeBytes, used) as Iterable<PlanStep>,
      base: nothing,
      method: this.#source.knowsHoles || used ? ('allocation' as const) : ('full' as const),
      nodes,
    }
    if (!this.#options.hints) return full
    const chosen = this.#options.base
    if (chosen && !loaded.versions.some(({ id }) => id === chosen.id)) {
      // What it needs may be pruned by now; only under this run's lock does a version keep it.
      this.#warnings.push(`Version ${chosen.id} was removed meanwhile: everything was read instead.`)
      return full
    }
    const base = this.#options.base ? rootOf(this.#options.base) : nothing
    const hints = this.#options.base ? this.#withResizedEnd(this.#options.hints, base.sizeBytes) : this.#options.hints
    const isCertain = this.#options.copyOf !== undefined || this.#options.healsBase === true
    // Without a base, what the hints do not name is taken for empty: somebody who forgot the base must not get an empty version.
    if (!isCertain && !(await this.#baseAgrees(base, hints))) {
      this.#hintsRejected = true
      const who = this.#hintedMethod === 'hints' ? 'hints do' : 'snapshot that was kept does'
      this.#warnings.push(`The ${who} not agree with the source: everything was read instead.`)
      return full
    }
    const doubtful =
      loaded.marks.damagedCopies.length > 0 ||
      reconciled.missing.length > 0 ||
      (await this.#repository.condemned.list()).length > 0
    const method = this.#hintedMethod
    if (!base.id || !doubtful) return { plan: planByHints(hints), base, method, nodes }
    const lost = await findLostParts(this.#repository, base)
    const load = nodes.load.bind(nodes)
    nodes.load = loadAround(lost, load)
    const all = [{ start: 0, end: Math.ceil(this.#source.sizeBytes / this.#repository.blockSizeBytes) }]
    const again = subtract(intersect(lost.blocks, all), hints.holes)
    const healing = { read: union(hints.read, again), holes: hints.holes }
    return { plan: planByHints(healing), base, method, nodes }
  }

  /** Where the source has grown or shrunk since the base, its end is read whatever the hints say. */
  #withResizedEnd(hints: BlockHints, baseBytes: number): BlockHints {
    const { blockSizeBytes } = this.#repository
    if (baseBytes === this.#source.sizeBytes) return hints
    const start = Math.floor(Math.min(baseBytes, this.#source.sizeBytes) / blockSizeBytes)
    const end = Math.ceil(this.#source.sizeBytes / blockSizeBytes)
    const tail = start < end ? [{ start, end }] : []
    return { read: union(hints.read, subtract(tail, hints.holes)), holes: hints.holes }
  }

  async #baseAgrees(base: MapRoot, hints: BlockHints): Promise<boolean> {
    try {
      // A version of a volume may lack what was free in its file system.
      const holesMayDiffer = this.#hintedMethod !== 'hints'
      return await hintsAgree(this.#repository, this.#source, base, hints, { holesMayDiffer })
    } catch (error) {
      // A base that cannot be read proves nothing: read everything, which heals it on the way.
      if (error instanceof HoldfastError && error.code.startsWith('integrity.')) return false
      throw error
    }
  }

  async #read(plan: Iterable<PlanStep>, method: ReadMethod, editor: BlockMapEditor, nodes: MapNodeStore) {
    const { blockSizeBytes, clock } = this.#repository
    this.#meter.phase('reading', this.#source.sizeBytes)
    const pool = new BlockPool(this.#repository.keyring, blockSizeBytes, {
      threads: this.#options.threads,
      parallelPuts: this.#sink.parallelPuts,
      priority: this.#options.priority,
      zstdLevel: this.#isFirst ? zstdLevel.first : zstdLevel.later,
    })
    const { readLimit } = this.#options
    const reader = new ChunkReader(this.#repository, this.#source, pool, this.#sink, {
      ...(readLimit === undefined ? {} : { limiter: new Limiter(readLimit, clock) }),
      ...(this.#options.signal ? { signal: this.#options.signal } : {}),
      onBytes: bytes => {
        // It would be refused at the end, after hours perhaps.
        if (this.#lock.isLost) throw lockLost()
        this.#meter.add(bytes)
      },
    })
    const storeOpenPacks = async () => {
      await Promise.all((await pool.finishPacks()).map(pack => reader.store(pack)))
    }
    let recipe: VersionRecord['recipe']
    try {
      let readUntil = 0
      for (const step of plan) {
        if (step.kind === 'hole') await reader.hole(step.start, step.end, editor)
        else await reader.read(step.start, step.end, editor)
        readUntil = step.end * blockSizeBytes
      }
      await reader.finish(editor)
      // Hints have said what the rest holds.
      const gone = isHinted(method) ? undefined : await findShrinkage(this.#source, readUntil)
      if (gone) reader.unreadable.push(gone)
      recipe = await this.#storeRecipe(pool, nodes)
      await storeOpenPacks()
    } catch (error) {
      await reader.settle()
      if (isHoldfastError(error, 'run.cancelled')) await this.#keep(storeOpenPacks)
      throw error
    } finally {
      await this.#sink.settle()
      await pool.close()
    }
    throwIfAborted(this.#options.signal, 'The backup')
    const unreadable = [...reader.unreadable, ...(this.#options.missing ?? [])].sort((a, b) => a.offset - b.offset)
    return { ...reader.counters, unreadable: joined(unreadable), recipe }
  }

  /** Once, also when the source is read in two parts. */
  async #storeRecipe(pool: BlockPool, nodes: MapNodeStore): Promise<VersionRecord['recipe']> {
    const archive = await this.#options.recipe
    if (!archive || this.#hasRecipe) return undefined
    this.#hasRecipe = true
    const { signal } = this.#options
    return await storeRecipe(this.#repository, archive, { pool, sink: this.#sink, nodes, signal })
  }

  /** What was read and sealed before a cancellation is stored and listed, so that the next run finds it. */
  async #keep(storeOpenPacks: () => Promise<void>): Promise<void> {
    try {
      await storeOpenPacks()
      await this.#sink.flush()
    } catch {
      // Then the next run reads it again; the cancellation is what the caller is told.
    }
  }

  /** The version record is the last thing written, and counts only if the lock was held before and after. */
  async #commit(record: VersionRecord): Promise<void> {
    await this.#lock.assertHeld()
    // Before the record: a copy that is there is protected, also when this is killed here.
    if (this.#options.copyOf?.protected) await this.#protect(record.id)
    try {
      await this.#repository.versions.putVersion(record)
      await this.#lock.assertHeld()
    } catch (error) {
      // Also when only one of its two copies was written: that would be a version nobody was told of.
      await this.#repository.versions.withdrawVersion(record)
      throw error
    }
    if (!this.#options.copyOf?.protected) return
    // A prune that looked before the record was there has taken the mark for one of a version that is gone.
    const { marks } = await this.#repository.versions.load()
    if (!marks.protectedVersions.has(record.id)) await this.#protect(record.id)
  }

  async #protect(version: VersionId): Promise<void> {
    const { clock, versions } = this.#repository
    const at = new Date(clock.now()).toISOString()
    await versions.putMark({ kind: 'protect', at, version, protected: true })
  }

  #result(record: VersionRecord): BackupResult {
    if (record.status === 'incomplete' && !this.#options.copyOf) {
      this.#warnings.push('Parts of the source could not be read and are zeros in this version.')
    }
    const { sizeBytes, readBytes, newBytes, storedBytes, holeBytes, durationMs } = record
    return {
      version: record.id,
      name: record.name,
      ...{ sizeBytes, readBytes, newBytes, storedBytes, holeBytes, durationMs },
      method: record.method,
      consistency: record.consistency,
      status: record.status,
      unreadable: record.unreadable,
      hintsRejected: this.#hintsRejected,
      warnings: this.#warnings,
    }
  }
}

function isHinted(method: ReadMethod): method is HintedMethod {
  return method !== 'full' && method !== 'allocation'
}

/** Ids are hashes of contents: with the root, all that is below it is the same. */
function requireSameMap(made: VersionRecord, base: VersionRecord | undefined): void {
  if (base !== undefined && made.root === base.root) return
  throw new HoldfastError(
    'integrity.blockDamaged',
    `Version ${made.id} cannot be healed: the other one holds other bytes.`,
    {
      advice: 'Back the source up again, which stores what it still has.',
      details: { version: base?.id, root: base?.root, found: made.root },
    },
  )
}
