import { join } from 'node:path'
import { type Clock, systemClock } from './base/clock.ts'
import { Limiter } from './base/limiter.ts'
import { createLogger, type Logger } from './base/logger.ts'
import { openDatabase } from './catalogue/database.ts'
import { KnownRepositories } from './catalogue/knownRepositories.ts'
import { stateMigrations } from './catalogue/migrations/index.ts'
import { HoldfastError, isHoldfastError } from './contract/errors.ts'
import type { InitResult, Overlay } from './contract/models.ts'
import type { TrackedVolumeState } from './contract/tracking.ts'
import { type ElsewhereFacts, lookElsewhere } from './elsewhere.ts'
import type { AccessOptions, Engine, InitOptions, RepositoryOptions, Secret, Session } from './engineApi.ts'
import type { VolumeDeps } from './heldSource.ts'
import { LvmDriver } from './lvm/driver.ts'
import { lvmSystem } from './lvm/system.ts'
import { OverlayStore } from './nbd/overlayStore.ts'
import { names } from './repository/format.ts'
import { Repository } from './repository/repository.ts'
import { removeUnfinished } from './repository/unfinished.ts'
import { previewSource } from './sourcePreview.ts'
import { storageDrivers } from './storage/drivers.ts'
import { limiting } from './storage/limiting.ts'
import { folderOf, locationText, parseRepositoryUrl } from './storage/locations.ts'
import { type OpenStorageOptions, openStorage } from './storage/registry.ts'
import { attemptsAt, retrying } from './storage/retrying.ts'
import type { Storage } from './storage/storage.ts'
import { forgetRepository, forgetVolumes, listTracking, removeLeftovers } from './tracking/trackingDesk.ts'
import { TrackingStore } from './tracking/trackingStore.ts'
import { VolumeLocks } from './tracking/volumeLocks.ts'
import { readUsedBlocks } from './usedBlocks/readUsedBlocks.ts'

export interface EngineOptions {
  /** Folder for catalogues; made when missing. */
  stateDir: string
  clock?: Clock
  /** What nobody need know but who looks for a fault; silent unless given. */
  logger?: Logger
  /** Instead of the volumes of this computer. */
  volumes?: VolumeParts
}

/** What volumes are read with; all but the driver as usual unless given. */
export type VolumeParts = Pick<VolumeDeps, 'driver'> & Partial<VolumeDeps>

/** How a storage is opened, whatever is expected there. */
type Access = Omit<OpenStorageOptions, 'expect'>

const silentLogger = createLogger({ write: () => undefined })

/** Puts the engine together: the only place that names drivers of storages and volumes. */
export function createEngine(options: EngineOptions): Engine {
  return new HoldfastEngine(options)
}

class HoldfastEngine implements Engine {
  readonly #stateDir: string
  readonly #clock: Clock
  readonly #overlays: OverlayStore
  readonly #volumes: VolumeDeps

  constructor(options: EngineOptions) {
    this.#stateDir = options.stateDir
    this.#overlays = new OverlayStore(options.stateDir)
    this.#clock = options.clock ?? systemClock
    this.#volumes = {
      driver: new LvmDriver({ system: lvmSystem, logger: options.logger ?? silentLogger, stateDir: options.stateDir }),
      store: new TrackingStore(options.stateDir),
      locks: new VolumeLocks({ clock: this.#clock }),
      clock: this.#clock,
      usedBlocks: readUsedBlocks,
      ...options.volumes,
    }
  }

  async init(url: string, secret: Secret, options: InitOptions = {}): Promise<InitResult> {
    const place = placeOf(url)
    const access = this.#access(options)
    if (!options.forgetOld)
      await this.#refuseMissingDrive(url, access, ' To begin a new repository here all the same, add --force.')
    const create = async () => {
      const storage = await openStorage(url, storageDrivers, { ...access, expect: 'nothing' })
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
      if (!isInTheWay || !(await atPlace(url, access, removeUnfinished))) throw error
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
      const plain = await openStorage(url, storageDrivers, { ...access, expect: 'folder' })
      const limits = {
        ...(options.readLimit === undefined ? {} : { read: new Limiter(options.readLimit, this.#clock) }),
        ...(options.writeLimit === undefined ? {} : { write: new Limiter(options.writeLimit, this.#clock) }),
      }
      const storage = retrying(limiting(plain, limits), { clock: this.#clock, attempts: attemptsAt(plain.url) })
      const opening = opened(storage, () =>
        Repository.open(storage, { secret, stateDir: this.#stateDir, clock: this.#clock }),
      )
      // What works with a repository is loaded while its key is derived, which takes as long.
      const [repository, { RepositorySession }] = await Promise.all([opening, import('./session.ts')])
      await this.#withKnown(known => known.remember(place, repository.id, this.#clock.now()))
      return new RepositorySession(repository, url, {
        folder: folderOf(url),
        overlays: this.#overlays,
        volumes: this.#volumes,
        ...(options.cacheBytes === undefined ? {} : { cacheBytes: options.cacheBytes }),
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
      storage = await openStorage(url, storageDrivers, { ...access, expect: mayTry ? 'nothing' : 'folder' })
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

  overlays(): Promise<Overlay[]> {
    return this.#overlays.list()
  }

  discardOverlay(id: string): Promise<void> {
    return this.#overlays.remove(id)
  }

  async tracking(options: { signal?: AbortSignal } = {}): Promise<TrackedVolumeState[]> {
    return await listTracking(this.#volumes, options.signal)
  }

  async forgetTracking(of: Parameters<Engine['forgetTracking']>[0]): Promise<string[]> {
    return await ('volumes' in of ? forgetVolumes(of.volumes, this.#volumes) : forgetRepository(of, this.#volumes))
  }

  tidyVolumes(): Promise<string[]> {
    return removeLeftovers(this.#volumes)
  }

  async previewSource(path: string, options: Parameters<Engine['previewSource']>[1]) {
    return await previewSource(path, options, this.#volumes)
  }

  #access({ credentials, acceptHostKey }: Pick<RepositoryOptions, 'credentials' | 'acceptHostKey'>): Access {
    return {
      stateDir: this.#stateDir,
      clock: this.#clock,
      ...(credentials && { credentials }),
      ...(acceptHostKey !== undefined && { acceptHostKey }),
    }
  }

  /** A place that held a repository before and holds none now is a drive that is not connected, not an empty place. */
  async #refuseMissingDrive(url: string, access: Access, otherwise = ''): Promise<void> {
    // Buckets and servers are not pulled out; whether they are there, they say themselves.
    if (folderOf(url) === undefined) return
    const seen = await this.#withKnown(known => known.at(placeOf(url)))
    if (!seen || (await holdsConfig(url, access))) return
    const lastSeen = new Date(seen.lastSeenAt).toISOString()
    const when = lastSeen.slice(0, 16).replace('T', ' at ')
    throw new HoldfastError('storage.driveNotConnected', `The drive with the repository at ${url} is not connected.`, {
      advice: `Connect it and try again. It was last seen here on ${when} UTC.${otherwise}`,
      details: { url, repositoryId: seen.id, lastSeenAt: lastSeen },
      retryable: true,
    })
  }

  async #withKnown<T>(use: (known: KnownRepositories) => T): Promise<T> {
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

const holdsConfig = (url: string, access: Access): Promise<boolean> =>
  atPlace(url, access, async storage => {
    for (const name of [names.config, names.copy(names.config)]) if (await storage.stat(name)) return true
    return false
  })

/** Asks something of the storage at a place; false when there is no such place. */
async function atPlace(url: string, access: Access, ask: (storage: Storage) => Promise<boolean>): Promise<boolean> {
  try {
    const storage = await openStorage(url, storageDrivers, { ...access, expect: 'folder' })
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
