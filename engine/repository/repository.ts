import { join } from 'node:path'
import { type Clock, systemClock } from '../base/clock.ts'
import { randomBytes, randomHex } from '../base/random.ts'
import { type Database, openDatabase } from '../catalogue/database.ts'
import { LockTable } from '../catalogue/lockTable.ts'
import { repositoryMigrations } from '../catalogue/migrations/index.ts'
import { RecordTable } from '../catalogue/recordTable.ts'
import { HoldfastError, isHoldfastError } from '../contract/errors.ts'
import type { RepositoryId } from '../contract/ids.ts'
import type { Storage } from '../storage/storage.ts'
import { BlockIndex } from './blockIndex.ts'
import { BlockStore } from './blockStore.ts'
import { Condemned } from './condemned.ts'
import { encodeConfig, isBlockSize, type RepositoryConfig } from './config.ts'
import { defaultBlockSizeBytes, folders, keyBytes, names } from './format.ts'
import { deriveKeyring, type Keyring } from './keyring.ts'
import { createSlot, type Secret } from './keySlots.ts'
import { Locks } from './locks.ts'
import { MirroredRecords } from './records.ts'
import { phraseFromSecret } from './recoveryPhrase.ts'
import { type Unlocked, type UnlockOptions, unlock } from './unlock.ts'
import { type LoadedRecords, VersionStore } from './versionStore.ts'

export interface CreateOptions {
  secret: Secret
  /** Power of two from 16 KiB to 4 MiB; defaultBlockSizeBytes when not given. */
  blockSizeBytes?: number
  stateDir: string
  clock?: Clock
}

export interface PlaceOptions {
  stateDir: string
  clock?: Clock
}

export type OpenOptions = PlaceOptions & UnlockOptions

/** An open repository: its parts, wired. Opened by `create` or `open`, closed by whoever opened it. */
export class Repository {
  readonly config: RepositoryConfig
  readonly keyring: Keyring
  readonly storage: Storage
  readonly clock: Clock
  readonly records: MirroredRecords
  readonly locks: Locks
  readonly condemned: Condemned
  readonly index: BlockIndex
  readonly blocks: BlockStore
  readonly versions: VersionStore
  /** What is known of locks against removal. */
  readonly objectLocks: LockTable
  /** Kept to wrap it for new key slots; leaves memory with the process. */
  readonly masterKey: Uint8Array
  readonly #db: Database

  private constructor(
    storage: Storage,
    config: RepositoryConfig,
    masterKey: Uint8Array,
    stateDir: string,
    clock: Clock,
  ) {
    this.storage = storage
    this.config = config
    this.masterKey = masterKey
    this.keyring = deriveKeyring(masterKey, config.repositoryId)
    this.clock = clock
    this.#db = openDatabase(join(stateDir, 'repositories', `${config.repositoryId}.sqlite`), repositoryMigrations)
    this.records = new MirroredRecords(storage)
    this.locks = new Locks(storage, this.keyring.object, clock)
    this.condemned = new Condemned(storage, this.keyring.object)
    this.index = new BlockIndex(this.#db, storage, this.keyring, this.condemned)
    this.blocks = new BlockStore(storage, this.keyring, this.index)
    this.objectLocks = new LockTable(this.#db)
    this.versions = new VersionStore(this.records, this.keyring.object, new RecordTable(this.#db), clock)
  }

  get id(): RepositoryId {
    return this.config.repositoryId
  }

  get blockSizeBytes(): number {
    return this.config.blockSizeBytes
  }

  /**
   * Makes a new repository in an empty place. The config is written last: before it is there, nothing is a repository.
   * Returns the recovery phrase, which is stored nowhere.
   */
  static async create(
    storage: Storage,
    options: CreateOptions,
  ): Promise<{ repository: Repository; recoveryPhrase: string }> {
    const blockSizeBytes = options.blockSizeBytes ?? defaultBlockSizeBytes
    if (!isBlockSize(blockSizeBytes)) {
      throw new HoldfastError(
        'usage.invalid',
        `The block size ${blockSizeBytes} is not a power of two from 16 KiB to 4 MiB.`,
        {
          advice: 'Leave it out, or name one of 16k, 32k, 64k, 128k, 256k, 512k, 1M, 2M, 4M.',
          details: { blockSizeBytes },
        },
      )
    }
    const clock = options.clock ?? systemClock
    const createdAt = new Date(clock.now()).toISOString()
    const config: RepositoryConfig = { repositoryId: randomHex(16) as RepositoryId, blockSizeBytes, createdAt }
    const masterKey = randomBytes(keyBytes)
    const configKey = deriveKeyring(masterKey, config.repositoryId).config
    const phrase = phraseFromSecret(randomBytes(32))
    // All that can be refused comes before the first write.
    const first = createSlot(config.repositoryId, masterKey, configKey, options.secret, '', createdAt)
    const recovery: Secret = { kind: 'recovery', phrase }
    const second = createSlot(config.repositoryId, masterKey, configKey, recovery, 'recovery phrase', createdAt)
    await storage.prepare(folders)
    // Opened before the config is stored: a repository whose recovery phrase nobody has seen must not come to be.
    const repository = new Repository(storage, config, masterKey, options.stateDir, clock)
    const { records } = repository
    const bytes = encodeConfig(config, configKey)
    const configs = [names.copy(names.config), names.config]
    try {
      for (const slot of [first, second]) await records.put(names.key(slot.id), slot.bytes)
      // Never over another: of two who make a repository here at the same moment, one is refused.
      for (const name of configs) await storage.put(name, [bytes])
    } catch (error) {
      // So that the place is empty for another attempt. The config goes first: without it, this is no repository.
      for (const name of configs.toReversed()) await removeIfOurs(storage, name, bytes).catch(() => undefined)
      for (const slot of [first, second]) await records.delete(names.key(slot.id)).catch(() => undefined)
      repository.#db.close()
      throw isHoldfastError(error, 'storage.objectExists') ? alreadyMade(storage.url, error) : error
    }
    return { repository, recoveryPhrase: phrase }
  }

  /** Opens a repository. Errors are those of `unlock`. */
  static async open(storage: Storage, options: OpenOptions): Promise<Repository> {
    return Repository.of(storage, await unlock(storage, options), options)
  }

  /** A repository that was unlocked before. */
  static of(
    storage: Storage,
    { config, masterKey }: Unlocked,
    { stateDir, clock = systemClock }: PlaceOptions,
  ): Repository {
    return new Repository(storage, config, masterKey, stateDir, clock)
  }

  /** Reads blocks and map nodes as they are in the storage now, whatever is kept of them on this computer. */
  storedBlocks(): BlockStore {
    const { uncached } = this.storage
    return uncached ? new BlockStore(uncached, this.keyring, this.index) : this.blocks
  }

  /** Versions and marks, for choosing among them. What then works with blocks brings the index up to date, under its lock. */
  async loadRecords(signal?: AbortSignal): Promise<LoadedRecords> {
    const loaded = await this.versions.load(signal)
    // The index is asked only whether damage has been healed since.
    if (loaded.marks.damagedVersions.size > 0) await this.index.refresh(loaded.marks, signal)
    return loaded
  }

  /** Loads versions and marks, and brings the block index up to date with the repository. */
  async refresh(signal?: AbortSignal): Promise<LoadedRecords> {
    const loaded = await this.versions.load(signal)
    await this.index.refresh(loaded.marks, signal)
    return loaded
  }

  async close(): Promise<void> {
    this.#db.close()
    await this.storage.close()
  }
}

async function removeIfOurs(storage: Storage, name: string, bytes: Uint8Array): Promise<void> {
  if (Buffer.compare(await storage.get(name), bytes) === 0) await storage.delete(name)
}

function alreadyMade(url: string, cause: unknown): HoldfastError {
  return new HoldfastError('repository.alreadyExists', `Somebody else has just made a repository at ${url}.`, {
    advice: 'Use the repository that is there, or choose an empty folder for a new one.',
    details: { url },
    cause,
  })
}
