import { type PackRow, packState } from '../catalogue/blockRows.ts'
import { HoldfastError, throwIfAborted } from '../contract/errors.ts'
import type { PackId } from '../contract/ids.ts'
import type { Priority } from '../contract/jobs.ts'
import type { PruneResult } from '../contract/models.ts'
import type { OnProgress } from '../contract/progress.ts'
import { ProgressMeter } from '../pipeline/progressMeter.ts'
import { visitIds } from '../repository/blockMapReader.ts'
import type { CondemnedList } from '../repository/condemned.ts'
import { names } from '../repository/format.ts'
import { type Lock, type LockInfo, withLock } from '../repository/locks.ts'
import { requireRemoving } from '../repository/removing.ts'
import type { Repository } from '../repository/repository.ts'
import { rootsOf, type VersionRecord } from '../repository/versionRecord.ts'
import type { LoadedRecords } from '../repository/versionStore.ts'
import { dropPacksFromIndex } from './indexRewrite.ts'
import { rewritePacks } from './packRewrite.ts'
import { planPrune } from './prunePlan.ts'

export interface PruneOptions {
  dryRun: boolean
  /** Of the threads. */
  priority?: Priority
  signal?: AbortSignal
  onProgress?: OnProgress
}

/**
 * Deletes packs that no version needs, in two phases, so that no run that is under way (or stalled) can lose a block:
 * 1. The packs are condemned: a list is stored, and from then on no new run refers to them.
 * 2. When every run has ended that held a lock at that moment, and a fresh look at all versions confirms that nothing needs
 *    them, they are deleted. With no other run about, that is at once; otherwise the next prune does it.
 *
 * Only one prune runs at a time (repository.locked), and none with a key that may only add (storage.deleteRefused). May be cancelled or killed anywhere; the next one goes on.
 */
export async function runPrune(repository: Repository, options: PruneOptions): Promise<PruneResult> {
  if (!options.dryRun) await requireRemoving(repository.storage, names.pack('0'.repeat(32)), options.signal)
  return await withLock(repository.locks, 'prune', 'prune', options.signal, lock =>
    new PruneRun(repository, options, lock).run(),
  )
}

class PruneRun {
  readonly #repository: Repository
  readonly #options: PruneOptions
  readonly #lock: Lock
  readonly #meter: ProgressMeter
  readonly #waiting = { packs: 0, holders: new Map<string, LockInfo>() }
  #deletedPacks = 0
  #freedBytes = 0
  #rewrittenPacks = 0

  constructor(repository: Repository, options: PruneOptions, lock: Lock) {
    this.#repository = repository
    this.#options = options
    this.#lock = lock
    this.#meter = new ProgressMeter(repository.clock, options.onProgress)
  }

  async run(): Promise<PruneResult> {
    const { clock, index } = this.#repository
    const { dryRun, signal, priority } = this.#options
    const began = clock.monotonic()
    this.#meter.phase('planning')
    const loaded = await this.#repository.refresh(signal)
    const reconciled = await index.reconcile(signal)
    refuseUnknownReferences(loaded)
    await this.#countLive(loaded.versions)
    const others = (await this.#repository.locks.living()).filter(lock => lock.id !== this.#lock.id)
    const plan = planPrune(index.table.packs(), index.table.liveByPack(), {
      unlistedAt: reconciled.adoptedAt,
      // A lock that cannot be read may be anybody's.
      writersActive: others.some(lock => lock.purpose === 'backup' || lock.purpose === 'unknown'),
      now: clock.now(),
    })
    if (dryRun) {
      this.#deletedPacks = plan.dead.length
      this.#freedBytes = sizeOf(plan.dead) + plan.wastedBytes
      this.#rewrittenPacks = plan.rewrite.length
    } else {
      this.#meter.phase('pruning', sizeOf(plan.rewrite))
      const done = await rewritePacks(this.#repository, plan.rewrite, { signal, priority, meter: this.#meter })
      this.#rewrittenPacks = done.rewritten.length
      this.#freedBytes -= done.storedBytes
      // Packs that an earlier prune condemned are on their lists already.
      const condemned = [...plan.dead, ...done.rewritten].filter(pack => pack.state === packState.live)
      await this.#condemn(condemned.map(pack => pack.id))
      await this.#sweepAll()
      await this.#dropLeftovers(loaded)
    }
    const locked = dryRun ? undefined : await this.#sweepHidden()
    this.#meter.end()
    return {
      dryRun,
      deletedPacks: this.#deletedPacks,
      freedBytes: Math.max(0, this.#freedBytes),
      rewrittenPacks: this.#rewrittenPacks,
      waitingPacks: this.#waiting.packs,
      waitingFor: [...this.#waiting.holders.values()].map(describeHolder),
      ...(locked && { locked }),
      durationMs: Math.round(clock.monotonic() - began),
    }
  }

  /** Finds what versions need. Fails when a map cannot be read: what it needs is then unknown. */
  async #countLive(versions: readonly VersionRecord[]): Promise<void> {
    const { index, blocks } = this.#repository
    // Map nodes that were visited, so that what versions share is gone through once.
    const nodes = new Set<string>()
    index.table.beginLive()
    for (const version of versions) {
      throwIfAborted(this.#options.signal, 'The prune')
      const load = async (id: Buffer, level: number) => {
        try {
          return await blocks.loadNode(id, level)
        } catch (error) {
          throw mapUnreadable(version, error)
        }
      }
      const isNew = (id: Buffer, kind: 'node' | 'block') => {
        if (kind === 'node') {
          const key = id.toString('latin1')
          if (nodes.has(key)) return false
          nodes.add(key)
        }
        index.table.markLive(id)
        return true
      }
      for (const root of rootsOf(version)) await visitIds(load, root, version.blockSizeBytes, isNew)
    }
  }

  async #condemn(packs: string[]): Promise<void> {
    if (packs.length === 0) return
    const { condemned, clock } = this.#repository
    const id = await condemned.condemn(packs, new Date(clock.now()).toISOString())
    await this.#recordHolders(id)
  }

  async #recordHolders(id: string): Promise<string[]> {
    const holders = (await this.#repository.locks.living()).map(lock => lock.id).filter(id => id !== this.#lock.id)
    await this.#repository.condemned.setHolders(id, holders)
    return holders
  }

  /** Deletes what condemned lists name, where nobody from before is left. */
  async #sweepAll(): Promise<void> {
    const ready: CondemnedList[] = []
    for (const list of await this.#repository.condemned.list()) {
      // A prune that died before it had looked for holders: whoever is there now may be from before.
      const holders = list.holders ?? (await this.#recordHolders(list.id))
      const living = new Map((await this.#repository.locks.living()).map(lock => [lock.id as string, lock]))
      const left = holders.flatMap(id => living.get(id) ?? [])
      if (left.length === 0) ready.push(list)
      else {
        this.#waiting.packs += list.packs.length
        for (const lock of left) this.#waiting.holders.set(lock.id, lock)
      }
    }
    if (ready.length === 0) return
    // Runs that ended since the first look have left versions behind, which may need some of these packs after all; and
    // blocks that were copied away count for their new packs now.
    const loaded = await this.#repository.refresh(this.#options.signal)
    const { adopted } = await this.#repository.index.reconcile(this.#options.signal)
    refuseUnknownReferences(loaded)
    await this.#countLive(loaded.versions)
    const live = this.#repository.index.table.liveByPack()
    const needed = new Set(this.#repository.index.table.packs().flatMap(pack => (live.has(pack.num) ? [pack.id] : [])))
    // Copies that a killed prune made and did not list may be all that is left of what versions need.
    const unlisted = adopted.filter(pack => needed.has(pack.id))
    if (unlisted.length > 0) await this.#repository.index.writeSegments(unlisted, [], this.#options.signal)
    for (const list of ready) await this.#sweep(list, needed)
    await this.#repository.refresh(this.#options.signal)
  }

  /** The index first, so that it never names a pack that is gone; the list last, so that a killed sweep is taken up again. */
  async #sweep(list: CondemnedList, needed: ReadonlySet<string>): Promise<void> {
    const { storage, condemned } = this.#repository
    const doomed = list.packs.filter(id => !needed.has(id)) as PackId[]
    // A prune that was stalled so long that another may have taken its place must not delete any more.
    await this.#lock.assertHeld()
    await dropPacksFromIndex(this.#repository, new Set(doomed), this.#options.signal)
    for (const id of doomed) {
      throwIfAborted(this.#options.signal, 'The prune')
      await this.#lock.assertHeld()
      const info = await storage.stat(names.pack(id))
      await storage.delete(names.pack(id))
      if (!info) continue
      this.#deletedPacks++
      this.#freedBytes += info.sizeBytes
    }
    await condemned.remove(list.id)
  }

  /** Where objects are locked, what was removed takes room until its lock has run out: now, or with a later prune. */
  async #sweepHidden(): Promise<PruneResult['locked']> {
    const swept = await this.#repository.storage.objectLock?.sweepHidden(this.#options.signal)
    if (!swept) return undefined
    this.#freedBytes = swept.freedBytes
    const { objects, sizeBytes, until } = swept.waiting
    return objects === 0 ? undefined : { objects, sizeBytes, until: new Date(until).toISOString() }
  }

  /** Temporary files of dead writers, and marks of versions that are gone. */
  async #dropLeftovers(loaded: LoadedRecords): Promise<void> {
    await this.#repository.storage.sweepTemporary(this.#options.signal)
    await this.#repository.versions.dropMarksOfRemoved(new Set(loaded.versions.map(version => version.id)))
  }
}

function refuseUnknownReferences(loaded: LoadedRecords): void {
  const [lost] = loaded.lostVersions
  if (lost === undefined) return
  throw new HoldfastError(
    'integrity.objectDamaged',
    `The record of version ${lost} cannot be read, so what it needs is unknown and nothing was pruned.`,
    {
      advice: `Remove it with "holdfast rm ${lost}" if you can do without it, then prune again.`,
      details: { versions: loaded.lostVersions },
    },
  )
}

function mapUnreadable(version: VersionRecord, cause: unknown): unknown {
  if (!(cause instanceof HoldfastError) || !cause.code.startsWith('integrity.')) return cause
  return new HoldfastError(
    'integrity.blockDamaged',
    `The map of version ${version.id} of ${version.name} is damaged, so what it needs is unknown and nothing was pruned.`,
    {
      advice: `Back up its source again to heal it, or remove the version with "holdfast rm ${version.id}", then prune again.`,
      details: { version: version.id },
      cause,
    },
  )
}

const sizeOf = (packs: readonly PackRow[]): number => packs.reduce((sum, pack) => sum + pack.sizeBytes, 0)

function describeHolder(lock: LockInfo): string {
  const host = lock.holder.host.split('/')[0]
  return `${lock.purpose} by process ${lock.holder.pid} on ${host} since ${new Date(lock.startedAt).toISOString()}`
}
