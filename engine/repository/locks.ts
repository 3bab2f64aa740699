import type { Clock } from '../base/clock.ts'
import { fateOf, isSameProcess, ownIdentity, type ProcessIdentity } from '../base/processIdentity.ts'
import { randomBelow, randomHex } from '../base/random.ts'
import { HoldfastError, isHoldfastError } from '../contract/errors.ts'
import { isLockId, type LockId } from '../contract/ids.ts'
import type { ObjectInfo, Storage } from '../storage/storage.ts'
import { names, sealedKind } from './format.ts'
import { ifAllowed } from './removing.ts'
import { openObject, sealObject } from './sealedObject.ts'

/** shared: reads or adds (backup, restore, scrub). prune: the only one that deletes packs, one at a time. */
export type LockKind = 'shared' | 'prune'

export interface LockInfo {
  id: LockId
  kind: LockKind
  purpose: string
  holder: ProcessIdentity
  startedAt: number
  refreshedAt: number
  /** In an object beside the lock's own, which could be neither removed nor written over: it is over. */
  isReleased?: true
}

/** A lock whose holder cannot be asked (another computer) counts as dead this long after its last refresh. */
export const lockLifetimeMs = 30 * 60_000
const refreshEveryMs = 5 * 60_000

/**
 * What is written over a lock that is over, by who may not remove it (an append-only key). Shorter than any lock, so that a listing tells
 * it without a read; gone when somebody comes by who may remove.
 */
const releasedNote = Buffer.from('released')
const isReleased = ({ sizeBytes }: Pick<ObjectInfo, 'sizeBytes'>): boolean => sizeBytes === releasedNote.length

/** Locks that this process holds. Another one under its name is left from a release that failed. */
const heldHere = new Set<LockId>()

/** A lock that is held. It refreshes itself until it is released. */
export interface Lock {
  readonly id: LockId
  /** Known to be lost without asking: this run was stalled (suspended, stopped) so long that others may take it for dead. */
  readonly isLost: boolean
  /** Throws repository.lockLost unless the lock is still in the repository: nobody took it for dead. */
  assertHeld(): Promise<void>
  release(): Promise<void>
}

/**
 * Locks are objects in the repository: one for each process that works with it. See the table in ARCHITECTURE.md for who
 * waits for whom, and why no lock ever needs a hand.
 */
export class Locks {
  readonly #storage: Storage
  readonly #objectKey: Uint8Array
  readonly #clock: Clock
  /** This key may not remove: not asked again for what others have released. */
  #mayNotRemove = false

  constructor(storage: Storage, objectKey: Uint8Array, clock: Clock) {
    this.#storage = storage
    this.#objectKey = objectKey
    this.#clock = clock
  }

  /**
   * Takes a lock. A shared one is given at once; a prune lock fails with repository.locked (retryable) when another prune
   * does not end within about a second. May be cancelled. On the way, locks that dead runs have left are removed.
   */
  async acquire(kind: LockKind, purpose: string, signal?: AbortSignal): Promise<Lock> {
    for (let attempt = 0; ; attempt++) {
      const lock = await this.#place(kind, purpose, signal)
      if (kind !== 'prune') {
        await this.#removeDead(signal)
        return lock
      }
      const rival = await this.#rivalOf(lock)
      if (!rival) return lock
      await lock.release()
      // Two that start at the same moment see each other and both step back; chance decides who comes first.
      if (attempt < 3) await this.#clock.sleep(50 + randomBelow(400), signal)
      else throw lockedBy(rival)
    }
  }

  /** Locks whose holders may be alive. Dead ones are removed on the way. */
  async living(): Promise<LockInfo[]> {
    const own = ownIdentity()
    const living: LockInfo[] = []
    for (const group of await this.#groups()) {
      const info = await this.#look(group, own)
      if (info) living.push(info)
    }
    return living
  }

  /**
   * So that what a killed run left is gone after the next one, whether or not anybody prunes. Never fails: a lock that cannot
   * be looked at or removed is in nobody's way but a prune's, and that looks again.
   */
  async #removeDead(signal?: AbortSignal): Promise<void> {
    const own = ownIdentity()
    try {
      // Those of this process are known to be held: there is nothing to read.
      for (const group of await this.#groups({ others: true, signal })) {
        await this.#look(group, own).catch(() => undefined)
      }
    } catch {
      // The run will find out by itself whether the storage is there.
    }
  }

  /** The objects of each lock: one, and more where it could not be written over. What was released is removed on the way. */
  async #groups({ others = false, signal }: { others?: boolean; signal?: AbortSignal | undefined } = {}) {
    const groups = new Map<LockId, { objects: ObjectInfo[]; infos: LockInfo[] }>()
    for await (const object of this.#storage.list('locks', signal)) {
      // What somebody else put there is no lock, and not ours to remove.
      const id = object.name.slice(names.lock('').length)
      if (!isLockId(id) || (others && heldHere.has(id))) continue
      if (isReleased(object)) {
        if (!this.#mayNotRemove) this.#mayNotRemove = !(await ifAllowed(() => this.#storage.delete(object.name)))
        continue
      }
      const info = await this.#read(object.name).catch(error => {
        if (others) return 'gone' as const
        throw error
      })
      if (info === 'gone') continue
      const of = info?.id ?? id
      const group = groups.get(of) ?? { objects: [], infos: [] }
      groups.set(of, group)
      group.objects.push(object)
      if (info) group.infos.push(info)
    }
    return [...groups].map(([id, group]) => ({ id, ...group }))
  }

  /** What a lock says; undefined when its holder is dead: then it is removed. */
  async #look(
    { id, objects, infos }: { id: LockId; objects: readonly ObjectInfo[]; infos: readonly LockInfo[] },
    own: ProcessIdentity,
  ): Promise<LockInfo | undefined> {
    const info = infos.toSorted((a, b) => b.refreshedAt - a.refreshedAt)[0]
    const modifiedAt = Math.max(...objects.map(object => object.modifiedAt))
    const isOver = infos.some(({ isReleased }) => isReleased) || this.#isDead(id, info, modifiedAt, own)
    // One that cannot be read counts as held until its time is over.
    if (!isOver) return info ?? unreadableLock(id, modifiedAt)
    for (const { name } of objects) await this.#drop(name)
    return undefined
  }

  /** Removes a lock, or else says in its place that it is over; false when neither is allowed. */
  async #drop(name: string): Promise<boolean> {
    if (!this.#mayNotRemove && (await ifAllowed(() => this.#storage.delete(name)))) return true
    this.#mayNotRemove = true
    return await ifAllowed(() => this.#storage.put(name, [releasedNote], { overwrite: true, transient: true }))
  }

  /** True when the lock is there and nobody has put an end to it. */
  async #stands(name: string, signal?: AbortSignal): Promise<boolean> {
    const info = await this.#storage.stat(name, signal)
    return info !== undefined && !isReleased(info)
  }

  #isDead(id: LockId, info: LockInfo | undefined, modifiedAt: number, own: ProcessIdentity): boolean {
    const fate = info ? fateOf(info.holder, own) : 'unknown'
    if (fate === 'dead') return true
    if (fate === 'alive') return isSameProcess(info!.holder, own) && !heldHere.has(id)
    // The clock of the holder or of the storage may be wrong by hours: only both together prove that time is over.
    const isOver = (at: number) => Math.abs(this.#clock.now() - at) > lockLifetimeMs
    return isOver(modifiedAt) && isOver(info?.refreshedAt ?? modifiedAt)
  }

  async #rivalOf(lock: Lock): Promise<LockInfo | undefined> {
    try {
      return (await this.living()).find(other => other.kind === 'prune' && other.id !== lock.id)
    } catch (error) {
      // Nobody will release it, and it would go on refreshing itself.
      await lock.release().catch(() => undefined)
      throw error
    }
  }

  async #place(kind: LockKind, purpose: string, signal?: AbortSignal): Promise<Lock> {
    const id = randomHex(16) as LockId
    const name = names.lock(id)
    const startedAt = this.#clock.now()
    const write = async (at = name, more: Partial<LockInfo> = {}) => {
      const refreshed = { startedAt, refreshedAt: this.#clock.now() }
      const info: LockInfo = { id, kind, purpose, holder: ownIdentity(), ...refreshed, ...more }
      const bytes = sealObject(this.#objectKey, sealedKind.lock, at, Buffer.from(JSON.stringify(info)))
      await this.#storage.put(at, [bytes], { overwrite: true, transient: true, ...(signal ? { signal } : {}) })
    }
    const beside: string[] = []
    /** Where a lock cannot be written over, what it would say goes into another object. */
    const writeBeside = async (more?: Partial<LockInfo>) => {
      const other = names.lock(randomHex(16))
      await write(other, more)
      beside.push(other)
    }
    heldHere.add(id)
    try {
      await write()
    } catch (error) {
      // It may have got there all the same.
      heldHere.delete(id)
      await this.#drop(name).catch(() => undefined)
      throw error
    }
    let refreshedAt = startedAt
    const stalled = () => Math.abs(this.#clock.now() - refreshedAt) > lockLifetimeMs / 2
    let lost = false
    let refreshing: Promise<unknown> = Promise.resolve()
    const refresh = async () => {
      // Another may be about to remove the lock of a process that was stalled this long, or has removed it already: it must
      // not come back to life.
      lost ||= stalled() || !(await this.#stands(name, signal))
      if (lost) return
      const at = this.#clock.now()
      if (!(await ifAllowed(write))) await writeBeside()
      refreshedAt = at
    }
    const timer = setInterval(() => {
      // One after the other: none may still be writing when the lock is released.
      refreshing = refreshing.then(refresh).catch(() => undefined)
    }, refreshEveryMs)
    timer.unref()
    return {
      id,
      get isLost() {
        lost ||= stalled()
        return lost
      },
      assertHeld: async () => {
        if (!lost && !stalled() && (await this.#stands(name))) return
        lost = true
        throw lockLost()
      },
      release: async () => {
        clearInterval(timer)
        await refreshing
        heldHere.delete(id)
        for (const other of beside) await this.#drop(other)
        if (!(await this.#drop(name))) await writeBeside({ isReleased: true })
      },
    }
  }

  async #read(name: string): Promise<LockInfo | 'gone' | undefined> {
    try {
      const bytes = await this.#storage.get(name)
      const plain = openObject(this.#objectKey, sealedKind.lock, name, bytes)
      return plain && (JSON.parse(plain.toString()) as LockInfo)
    } catch (error) {
      if (isHoldfastError(error, 'storage.objectNotFound')) return 'gone'
      // A bad place of the medium: as good as garbage, and gone when its time is over.
      if (isHoldfastError(error, 'storage.failed')) return undefined
      throw error
    }
  }
}

function unreadableLock(id: LockId, at: number): LockInfo {
  const holder: ProcessIdentity = { host: 'unknown', bootId: '', pidNamespace: '', pid: 0, startTicks: '' }
  return { id, kind: 'shared', purpose: 'unknown', holder, startedAt: at, refreshedAt: at }
}

/** Of a run that was stalled for too long. */
export const lockLost = () =>
  new HoldfastError('repository.lockLost', 'This run was stalled so long that others may take it for dead.', {
    advice: 'Run it again: what was stored is kept and is not stored twice.',
    retryable: true,
  })

function lockedBy(other: LockInfo): HoldfastError {
  const host = other.holder.host.split('/')[0]
  return new HoldfastError(
    'repository.locked',
    `The repository is being pruned by process ${other.holder.pid} on ${host}.`,
    {
      advice: 'Wait until it has finished and run this again.',
      details: { purpose: other.purpose, host, pid: other.holder.pid, since: new Date(other.startedAt).toISOString() },
      retryable: true,
    },
  )
}

/**
 * Runs work under a lock. The lock is released afterwards; when the work failed, its error counts and one of the release
 * (the drive may be gone) does not. A lock that cannot be released dies with its process.
 */
export async function withLock<T>(
  locks: Locks,
  kind: LockKind,
  purpose: string,
  signal: AbortSignal | undefined,
  work: (lock: Lock) => Promise<T>,
): Promise<T> {
  const lock = await locks.acquire(kind, purpose, signal)
  let result: T
  try {
    result = await work(lock)
  } catch (error) {
    await lock.release().catch(() => undefined)
    throw error
  }
  await lock.release()
  return result
}
