import { join } from 'node:path'
import { type Clock, systemClock } from './base/clock.ts'
import { Limiter } from './base/limiter.ts'
import type { Logger } from './base/logger.ts'
import type { KnownRepositories } from './catalogue/knownRepositories.ts'
import type { VolumeParts } from './computerVolumes.ts'
import { HoldfastError, isHoldfastError } from './contract/errors.ts'
import type { InitResult, Overlay } from './contract/models.ts'
import type { TrackedVolumeState } from './contract/tracking.ts'
import { type ElsewhereFacts, lookElsewhere } from './elsewhere.ts'
import type { AccessOptions, Engine, InitOptions, RepositoryOptions, Secret, Session } from './engineApi.ts'
import type { VolumeDeps } from './heldSource.ts'
import type { OverlayStore } from './nbd/overlayStore.ts'
import { isLockName, names } from './repository/format.ts'
import { isImmutableObject } from './repository/immutableObjects.ts'
import { removeUnfinished } from './repository/unfinished.ts'
import { unlock } from './repository/unlock.ts'
import { storageDrivers } from './storage/drivers.ts'
import { limiting } from './storage/limiting.ts'
import { folderOf, locationText, parseRepositoryUrl } from './storage/locations.ts'
import { pausing } from './storage/pausing.ts'
import { type OpenStorageOptions, openStorage, type StorageFactories } from './storage/registry.ts'
import { attemptsAt, retrying } from './storage/retrying.ts'
import type { Storage } from './storage/storage.ts'

export interface EngineOptions {
  /** Folder for catalogues; made when missing. */
  stateDir: string
  clock?: Clock
  /** What nobody need know but who looks for a fault; silent unless given. */
  logger?: Logger
  /** Instead of the volumes of this computer. */
  volumes?: VolumeParts
  /** Instead of the drivers that Holdfast ships. */
  storages?: StorageFactories
}

/** How a storage is opened, whatever is expected there. */
type Access = Omit<OpenStorageOptions, 'expect'>

/** Puts the engine together: the only place that names drivers of storages and volumes. */
export function createEngine(options: EngineOptions): Engine {
  return new HoldfastEngine(options)
}

class HoldfastEngine implements Engine {
  readonly #options: EngineOptions
  readonly #stateDir: string
  readonly #clock: Clock
  #overlayStore: Promise<OverlayStore> | undefined
  #volumeDeps: Promise<VolumeDeps> | undefined
  readonly #storages: StorageFactories

  constructor(options: EngineOptions) {
    this.#stateDir = options.stateDir
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#storages = options.storages ?? storageDrivers
  }

  async init(url: string, secret: Secret, options: InitOptions = {}): Promise<InitResult> {
    const place = placeOf(url)
    const access = this.#access(options)
    if (!options.forgetOld)
      await this.#refuseMissingDrive(url, access, ' To begin a new repository here all the same, add --force.')
    const { Repository } = await import('./repository/repository.ts')
    const create = async () => {
      const storage = await openStorage(url, this.#storages, { ...access, expect: 'nothing' })
      return opened(storage, () =>
        Repository.create(retrying(storage, { clock: this.#clock, attempts: attemptsAt(storage.url) }), {
          secret,
          stateDir: this.#stateDir,
          clock: this.#clock,
          ...(options.blockSizeBytes === undefined ? {} : { blockSizeBytes: options.blockSizeBytes }),
        }),
      )
    }
    const { repository, recoveryPhrase } = await create().catch(async error => {
      const isInTheWay = isHoldfastError(error, 'repository.alreadyExists')
      if (!isInTheWay || !(await atPlace(url, this.#storages, access, removeUnfinished))) throw error
      return create()
    })
    const result = { repositoryId: repository.id, recoveryPhrase }
    await this.#withKnown(known => known.remember(place, repository.id, this.#clock.now()))
    await repository.close()
    return result
  }

  async open(url: string, secret: Secret, options: RepositoryOptions = {}): Promise<Session> {
    const place = placeOf(url)
    const access = this.#access(options)
    try {
      const plain = await openStorage(url, this.#storages, { ...access, expect: 'folder' })
      const limits = {
        ...(options.readLimit === undefined ? {} : { read: new Limiter(options.readLimit, this.#clock) }),
        ...(options.writeLimit === undefined ? {} : { write: new Limiter(options.writeLimit, this.#clock) }),
      }
      const { gate } = options
      const near = gate ? pausing(plain, { gate, passes: isLockName }) : plain
      const far = retrying(limiting(near, limits), { clock: this.#clock, attempts: attemptsAt(plain.url) })
      const storage = await this.#cached(far, url)
      // What works with a repository is loaded while its key is derived, which takes as long.
      const whileDeriving = () => void this.#sessionParts().catch(() => undefined)
      const { repository, parts } = await opened(storage, async () => {
        const unlocked = await unlock(storage, { secret, whileDeriving })
        const parts = await this.#sessionParts()
        const where = { stateDir: this.#stateDir, clock: gate?.workingTime ?? this.#clock }
        return { repository: parts.Repository.of(storage, unlocked, where), parts }
      })
      const { RepositorySession, overlays, volumes } = parts
      await this.#withKnown(known => known.remember(place, repository.id, this.#clock.now()))
      return new RepositorySession(repository, url, {
        folder: folderOf(url),
        overlays,
        volumes,
        ...(options.cacheBytes === undefined ? {} : { cacheBytes: options.cacheBytes }),
        ...(gate && { gate }),
      })
    } catch (error) {
      if (isHoldfastError(error, 'repository.notFound')) await this.#refuseMissingDrive(url, access)
      throw error
    }
  }

  async lookElsewhere(url: string, options: AccessOptions & { signal?: AbortSignal } = {}): Promise<ElsewhereFacts> {
    const location = parseRepositoryUrl(url)
    const access = this.#access(options)
    const text = locationText(location)
    // In other places folders are made when the repository is, so nothing can be put before.
    const mayTry = location.scheme === 's3' || location.scheme === 'b2'
    let storage: Storage
    try {
      storage = await openStorage(url, this.#storages, { ...access, expect: mayTry ? 'nothing' : 'folder' })
    } catch (error) {
      if (isHoldfastError(error, 'repository.notFound')) return { url: text, repositoryId: null, canDelete: null }
      throw error
    }
    try {
      return { url: text, ...(await lookElsewhere(storage, { mayTry, signal: options.signal })) }
    } finally {
      await storage.close()
    }
  }

  async overlays(): Promise<Overlay[]> {
    return (await this.#overlays()).list()
  }

  async discardOverlay(id: string): Promise<void> {
    await (await this.#overlays()).remove(id)
  }

  async tracking(options: { signal?: AbortSignal } = {}): Promise<TrackedVolumeState[]> {
    const { listTracking } = await import('./computerVolumes.ts')
    return await listTracking(await this.#volumes(), options.signal)
  }

  async forgetTracking(of: Parameters<Engine['forgetTracking']>[0]): Promise<string[]> {
    const { forgetRepository, forgetVolumes } = await import('./computerVolumes.ts')
    const volumes = await this.#volumes()
    return await ('volumes' in of ? forgetVolumes(of.volumes, volumes) : forgetRepository(of, volumes))
  }

  async tidyVolumes(): Promise<string[]> {
    const { removeLeftovers } = await import('./computerVolumes.ts')
    return await removeLeftovers(await this.#volumes())
  }

  async previewSource(path: string, options: Parameters<Engine['previewSource']>[1]) {
    const { previewSource } = await import('./computerVolumes.ts')
    return await previewSource(path, options, await this.#volumes())
  }

  #volumes(): Promise<VolumeDeps> {
    const { logger, volumes } = this.#options
    const load = async () =>
      (await import('./computerVolumes.ts')).volumesOf(
        { stateDir: this.#stateDir, clock: this.#clock, logger },
        volumes,
      )
    this.#volumeDeps ??= load()
    return this.#volumeDeps
  }

  #overlays(): Promise<OverlayStore> {
    const load = async () => new (await import('./nbd/overlayStore.ts')).OverlayStore(this.#stateDir)
    this.#overlayStore ??= load()
    return this.#overlayStore
  }

  async #sessionParts() {
    const [{ Repository }, { RepositorySession }, overlays, volumes] = await Promise.all([
      import('./repository/repository.ts'),
      import('./session.ts'),
      this.#overlays(),
      this.#volumes(),
    ])
    return { Repository, RepositorySession, overlays, volumes }
  }

  #access({ credentials, acceptHostKey }: Pick<RepositoryOptions, 'credentials' | 'acceptHostKey'>): Access {
    return {
      stateDir: this.#stateDir,
      clock: this.#clock,
      ...(credentials && { credentials }),
      ...(acceptHostKey !== undefined && { acceptHostKey }),
    }
  }

  /** With what was read before and is kept on this computer; places on this computer are read as they are. */
  async #cached(storage: Storage, url: string): Promise<Storage> {
    if (folderOf(url) !== undefined) return storage
    const [{ caching }, { localCache }] = await Promise.all([
      import('./storage/caching.ts'),
      import('./storage/cache/localCache.ts'),
    ])
    return caching(storage, { folder: localCache(this.#stateDir), place: placeOf(url), isImmutable: isImmutableObject })
  }

  /** A place that held a repository before and holds none now is a drive that is not connected, not an empty place. */
  async #refuseMissingDrive(url: string, access: Access, otherwise = ''): Promise<void> {
    // Buckets and servers are not pulled out; whether they are there, they say themselves.
    if (folderOf(url) === undefined) return
    const seen = await this.#withKnown(known => known.at(placeOf(url)))
    if (!seen || (await holdsConfig(url, this.#storages, access))) return
    const lastSeen = new Date(seen.lastSeenAt).toISOString()
    const when = lastSeen.slice(0, 16).replace('T', ' at ')
    throw new HoldfastError('storage.driveNotConnected', `The drive with the repository at ${url} is not connected.`, {
      advice: `Connect it and try again. It was last seen here on ${when} UTC.${otherwise}`,
      details: { url, repositoryId: seen.id, lastSeenAt: lastSeen },
      retryable: true,
    })
  }

  async #withKnown<T>(use: (known: KnownRepositories) => T): Promise<T> {
    const [{ openDatabase }, { KnownRepositories }, { stateMigrations }] = await Promise.all([
      import('./catalogue/database.ts'),
      import('./catalogue/knownRepositories.ts'),
      import('./catalogue/migrations/index.ts'),
    ])
    const db = openDatabase(join(this.#stateDir, 'state.sqlite'), stateMigrations)
    try {
      return use(new KnownRepositories(db))
    } finally {
      db.close()
    }
  }
}

/** A storage belongs to the repository on it; when that cannot be opened, nobody else would close it. */
async function opened<T>(storage: Storage, open: () => Promise<T>): Promise<T> {
  try {
    return await open()
  } catch (error) {
    await storage.close()
    throw error
  }
}

const holdsConfig = (url: string, storages: StorageFactories, access: Access): Promise<boolean> =>
  atPlace(url, storages, access, async storage => {
    for (const name of [names.config, names.copy(names.config)]) if (await storage.stat(name)) return true
    return false
  })

/** Asks something of the storage at a place; false when there is no such place. */
async function atPlace(
  url: string,
  storages: StorageFactories,
  access: Access,
  ask: (storage: Storage) => Promise<boolean>,
): Promise<boolean> {
  try {
    const storage = await openStorage(url, storages, { ...access, expect: 'folder' })
    try {
      return await ask(storage)
    } finally {
      await storage.close()
    }
  } catch (error) {
    if (isHoldfastError(error, 'repository.notFound')) return false
    throw error
  }
}

/** The same place has the same text, however it was written. */
const placeOf = (url: string): string => locationText(parseRepositoryUrl(url))
