import { packState } from '../catalogue/blockRows.ts'
import { isHoldfastError, throwIfAborted } from '../contract/errors.ts'
import type { PackId } from '../contract/ids.ts'
import type { ExtendedLocks, LockState } from '../contract/models.ts'
import { blockCountOf, levelsFor } from '../repository/blockMap.ts'
import { names } from '../repository/format.ts'
import type { Repository } from '../repository/repository.ts'
import { rootsOf, type VersionRecord } from '../repository/versionRecord.ts'
import { packsOf } from './packsOf.ts'

type ObjectLock = NonNullable<Repository['storage']['objectLock']>

const dayMs = 24 * 60 * 60 * 1000
/** Requests for one object each that are under way at one time. */
const parallel = 16

/** What is locked for less than this share of its days is extended, so that each object costs two requests in a third of them. */
const leastShare = 2 / 3

/** True when an object whose lock ends at `until` (undefined: not known, or none) has to be extended. */
export function isDue(until: number | undefined, days: number, now: number): boolean {
  return until === undefined || until - now < days * dayMs * leastShare
}

/**
 * Extends the locks of all objects that versions need, where they are due: config, keys, records, marks, index, and packs. What only
 * versions needed that were removed is left to run out. Undefined where nothing is locked. May be cancelled and repeated; costs some
 * listings, and for each object that is due two requests.
 *
 * Which packs are needed is only looked up (a walk through all maps, as prune does it) when the lock of some pack is due: once in a third
 * of the days, and as long as there are packs that nothing needs.
 */
export async function extendLocks(repository: Repository, signal?: AbortSignal): Promise<ExtendedLocks | undefined> {
  const lock = repository.storage.objectLock
  if (lock === undefined) return undefined
  const { clock, objectLocks } = repository
  const loaded = await repository.refresh(signal)
  objectLocks.note(lock.place, lock.takePut())
  const known = objectLocks.all(lock.place)
  const due = (name: string) => isDue(known.get(name), lock.days, clock.now())
  const wanted = [...(await smallObjects(repository, signal)), ...(await neededPacks(repository, loaded.versions, due))]
  const asked = wanted.filter(due)
  let extended = 0
  const gone = new Set<string>()
  const note = (name: string, until: number) => {
    known.set(name, until)
    objectLocks.note(lock.place, [[name, until]])
  }
  await forEach(asked, signal, async name => {
    const until = await lockOf(lock, name, signal)
    if (until === 'gone') gone.add(name)
    // Another computer may have extended it.
    else if (until !== undefined && !isDue(until, lock.days, clock.now())) note(name, until)
    else {
      const next = clock.now() + lock.days * dayMs
      await lock.extend(name, next, signal)
      note(name, next)
      extended++
    }
  })
  objectLocks.forgetBefore(clock.now())
  const ends = wanted.filter(name => !gone.has(name)).map(name => known.get(name) ?? 0)
  const lockedUntil = new Date(ends.reduce((a, b) => Math.min(a, b), Number.MAX_SAFE_INTEGER)).toISOString()
  return { mode: lock.mode, days: lock.days, lockedUntil, objects: wanted.length, asked: asked.length, extended }
}

async function neededPacks(
  repository: Repository,
  versions: readonly VersionRecord[],
  due: (name: string) => boolean,
): Promise<string[]> {
  const packs = repository.index.table.packs().filter(({ state }) => state === packState.live)
  if (!packs.some(({ id }) => due(names.pack(id)))) return packs.map(({ id }) => names.pack(id))
  const needed = await packsOf(repository, versions)
  return packs.filter(({ num }) => needed.has(num)).map(({ id }) => names.pack(id))
}

/** All that every version needs, and all records and marks. */
async function smallObjects(repository: Repository, signal?: AbortSignal): Promise<string[]> {
  const found: string[] = [names.config]
  for (const folder of ['keys', 'versions', 'marks', 'copies']) {
    for await (const { name } of repository.storage.list(folder, signal)) found.push(name)
  }
  for (const id of await repository.index.segmentIds(signal)) found.push(names.segment(id))
  return found
}

export interface LockReadOptions {
  signal?: AbortSignal
  /** After each object, of all that are to be asked of. */
  onAsked?(asked: number, objects: number): void
}

/**
 * Asks the server of every object that versions need until when it is locked, and says for each version the earliest of these
 * dates. Undefined where nothing is locked. One request for each object. May be cancelled and repeated.
 */
export async function readLocks(
  repository: Repository,
  { signal, onAsked }: LockReadOptions = {},
): Promise<LockState | undefined> {
  const lock = repository.storage.objectLock
  if (lock === undefined) return undefined
  const { versions } = await repository.refresh(signal)
  const packs = repository.index.table.packs().filter(({ state }) => state <= packState.condemned)
  const small = (await smallObjects(repository, signal)).filter(name => !/(^|\/)marks\//.test(name))
  const dates = new Map<string, number>()
  const objects = [...small, ...packs.map(({ id }) => names.pack(id))]
  let asked = 0
  onAsked?.(asked, objects.length)
  await forEach(objects, signal, async name => {
    const until = await lockOf(lock, name, signal)
    if (typeof until === 'number') dates.set(name, until)
    onAsked?.(++asked, objects.length)
  })
  repository.objectLocks.note(lock.place, dates)
  const earliest = (wanted: readonly string[]) =>
    wanted.reduce((least, name) => Math.min(least, dates.get(name) ?? 0), Number.POSITIVE_INFINITY)
  const isRecord = (name: string) => /^(copies\/)?versions\//.test(name)
  const common = earliest(small.filter(name => !isRecord(name)))
  const walk = new Walk(repository, dates)
  const states = []
  for (const version of versions) {
    throwIfAborted(signal, 'The look at the locks')
    const own = names.version(version.id)
    const until = Math.min(common, earliest([own, names.copy(own)]), await walk.version(version))
    states.push({ version: version.id, name: version.name, date: version.startedAt, lockedUntil: dateOrNull(until) })
  }
  const ends = states.map(({ lockedUntil }) => (lockedUntil === null ? 0 : Date.parse(lockedUntil)))
  return {
    mode: lock.mode,
    days: lock.days,
    lockedUntil: dateOrNull(ends.reduce((a, b) => Math.min(a, b), common)),
    askedObjects: objects.length,
    versions: states,
  }
}

/**
 * The same for everything together, of what this computer has noted when it stored, extended or asked: no request for an object.
 * `lockedUntil` is null also when something is not known here. Each version has the earliest date of all: telling them apart would take a
 * walk through all maps. Undefined where nothing is locked.
 */
export async function knownLocks(repository: Repository, signal?: AbortSignal): Promise<LockState | undefined> {
  const lock = repository.storage.objectLock
  if (lock === undefined) return undefined
  const { clock, objectLocks } = repository
  const { versions } = await repository.refresh(signal)
  objectLocks.note(lock.place, lock.takePut())
  const known = objectLocks.all(lock.place)
  // As extendLocks: what is due may be so because nothing needs it any more.
  const due = (name: string) => isDue(known.get(name), lock.days, clock.now())
  const wanted = [...(await smallObjects(repository, signal)), ...(await neededPacks(repository, versions, due))]
  const until = wanted.reduce((least, name) => Math.min(least, known.get(name) ?? 0), Number.MAX_SAFE_INTEGER)
  const lockedUntil = dateOrNull(until)
  const states = versions.map(({ id, name, startedAt }) => ({ version: id, name, date: startedAt, lockedUntil }))
  return { mode: lock.mode, days: lock.days, lockedUntil, askedObjects: 0, versions: states }
}

const dateOrNull = (until: number): string | null => (until > 0 ? new Date(until).toISOString() : null)

/** The earliest end of a lock below each node of a map; what versions share is gone through once. */
class Walk {
  readonly #repository: Repository
  readonly #dates: ReadonlyMap<string, number>
  readonly #seen = new Map<string, number>()

  constructor(repository: Repository, dates: ReadonlyMap<string, number>) {
    this.#repository = repository
    this.#dates = dates
  }

  async version(version: VersionRecord): Promise<number> {
    let until = Number.POSITIVE_INFINITY
    for (const { id, sizeBytes } of rootsOf(version)) {
      if (!id) continue
      const level = levelsFor(blockCountOf(sizeBytes, version.blockSizeBytes)) - 1
      until = Math.min(until, await this.#node(id, level))
    }
    return until
  }

  async #node(id: Buffer, level: number): Promise<number> {
    const key = `${level}${id.toString('latin1')}`
    const known = this.#seen.get(key)
    if (known !== undefined) return known
    let until = this.#block(id)
    // What has no copy at all is damage, and a lock on the rest of it no comfort.
    if (until > 0) {
      const { children } = await this.#repository.blocks.loadNode(id, level)
      for (const child of children) {
        if (child) until = Math.min(until, level > 0 ? await this.#node(child, level - 1) : this.#block(child))
      }
    }
    this.#seen.set(key, until)
    return until
  }

  /** Of its copies, the one that is locked longest. */
  #block(id: Buffer): number {
    const copies = this.#repository.index.locate(id).filter(({ damaged }) => damaged === 0)
    return Math.max(0, ...copies.map(({ packId }) => this.#dates.get(names.pack(packId as PackId)) ?? 0))
  }
}

async function lockOf(lock: ObjectLock, name: string, signal?: AbortSignal): Promise<number | 'gone' | undefined> {
  try {
    return await lock.lockedUntil(name, signal)
  } catch (error) {
    // Removed meanwhile, or damage that a scrub tells of.
    if (isHoldfastError(error, 'storage.objectNotFound')) return 'gone'
    throw error
  }
}

async function forEach<T>(items: readonly T[], signal: AbortSignal | undefined, work: (item: T) => Promise<void>) {
  let next = 0
  const worker = async () => {
    while (next < items.length) {
      throwIfAborted(signal, 'The look at the locks')
      await work(items[next++]!)
    }
  }
  const outcomes = await Promise.allSettled(Array.from({ length: parallel }, worker))
  const failed = outcomes.find(outcome => outcome.status === 'rejected')
  if (failed) throw failed.reason
}
