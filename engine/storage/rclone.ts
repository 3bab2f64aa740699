import { posix } from 'node:path'
import { type Clock, systemClock } from '../base/clock.ts'
import { HoldfastError, throwIfAborted } from '../contract/errors.ts'
import { configName } from './directory/prepare.ts'
import { isTemporaryName, temporaryPathFor } from './directory/temporary.ts'
import { locationText } from './locations.ts'
import type { RcloneLocation } from './machineLocations.ts'
import {
  assertFolderName,
  assertObjectName,
  assertRange,
  isObjectName,
  objectExists,
  objectNotFound,
  rangeInvalid,
} from './names.ts'
import { RcloneFailure, translateRcloneError } from './rclone/failures.ts'
import { NameLocks } from './rclone/nameLocks.ts'
import { Outbox } from './rclone/outbox.ts'
import { assertVacant } from './rclone/prepare.ts'
import { type Item, infoOf, Remote, type RemoteFeatures } from './rclone/remote.ts'
import { RemoteControl } from './rclone/remoteControl.ts'
import type { OpenStorageOptions } from './registry.ts'
import { Slots } from './slots.ts'
import type { ObjectInfo, PutOptions, Range, Storage } from './storage.ts'

const putsAtATime = 4
const callsAtATime = 16
/** While a remote replaces an object there may be none; one that is missing is looked for again so often, so long after. */
const looks = 5
const lookAgainMs = 40
const dayMs = 24 * 60 * 60 * 1000

/** Of this process; see put. */
const locks = new NameLocks()

/**
 * Objects as files of a remote of rclone, which runs beside us as long as the storage is open.
 *
 * Whole or not at all: where a remote can rename, an object is sent under a temporary name first (disks, SFTP, drives); where it
 * cannot, services show an object only when it is complete (S3 and its kind). As durable as the remote makes it.
 *
 * A put without `overwrite` is exclusive among the storages of this process. Another process may put the same name in the moment
 * between looking and sending: then the later one counts.
 */
export class RcloneStorage implements Storage {
  readonly url: string
  readonly #remote: Remote
  readonly #features: RemoteFeatures
  readonly #clock: Clock
  readonly #outbox = new Outbox()
  readonly #puts = new Slots(putsAtATime)
  readonly #calls = new Slots(callsAtATime)
  /** What must be there for the place to be the one that was opened; undefined before prepare. */
  #mark: string | undefined

  private constructor(remote: Remote, url: string, features: RemoteFeatures, clock: Clock) {
    this.#remote = remote
    this.url = url
    this.#features = features
    this.#clock = clock
  }

  /**
   * Starts rclone and looks at the place. See OpenStorageOptions.expect; what is missing is `repository.notFound`.
   * `storage.failed` when rclone is not installed, `config.notFound` when it has no such remote.
   */
  static async open(location: RcloneLocation, options: OpenStorageOptions = {}): Promise<RcloneStorage> {
    const { credentials, clock = systemClock, expect = 'repository' } = options
    const url = locationText(location)
    if (credentials !== undefined && credentials.kind !== 'rclone') {
      throw new HoldfastError('storage.authFailed', `Credentials of the kind ${credentials.kind} are not for rclone.`, {
        advice: 'Give the text of a configuration of rclone, or none for your own.',
        details: { url },
      })
    }
    const control = new RemoteControl({ url, config: credentials?.config })
    try {
      const remote = new Remote(control, location)
      const features = await remote.features()
      const storage = new RcloneStorage(remote, url, features, clock)
      if (expect !== 'nothing') await storage.#find(expect)
      // Who is not let in, or is offline, is to know it before anything is repeated for minutes.
      else await remote.stat(configName)
      return storage
    } catch (error) {
      await control.close()
      throw translateRcloneError(error, url, 'look')
    }
  }

  async put(name: string, parts: readonly Uint8Array[], options: PutOptions = {}): Promise<void> {
    assertObjectName(name)
    const { overwrite = false, signal } = options
    throwIfAborted(signal)
    await this.#attempt(`write ${name}`, () =>
      locks.run(`${this.url} ${name}`, () =>
        this.#puts.run(async () => {
          throwIfAborted(signal)
          if (!overwrite && (await this.#remote.stat(name)) !== undefined) throw objectExists(name, this.url)
          await this.#assertThere()
          await this.#outbox.withFile(parts, (folder, file) => this.#send(folder, file, name, signal))
        }),
      ),
    )
  }

  async get(name: string, range?: Range, signal?: AbortSignal, room?: ArrayBuffer): Promise<Uint8Array> {
    assertObjectName(name)
    if (range !== undefined) assertRange(name, range)
    throwIfAborted(signal)
    return this.#attempt(`read ${name}`, () =>
      this.#calls.run(async () => {
        throwIfAborted(signal)
        const piece = await this.#lookAgain(() => this.#remote.read(name, range, { signal, room })).catch(error => {
          throwIfAborted(signal)
          if (error instanceof RcloneFailure) return error
          throw error
        })
        if (piece !== undefined && !(piece instanceof RcloneFailure)) {
          if (range === undefined || piece.data.length === range.length) return piece.data
          throw rangeInvalid(name, range, piece.sizeBytes)
        }
        // Remotes answer differently to a range beyond the end, and to a folder.
        const item = await this.#remote.stat(name)
        if (item === undefined) throw await this.#missing(name)
        if (range !== undefined && range.offset + range.length > item.Size) throw rangeInvalid(name, range, item.Size)
        throw piece ?? new RcloneFailure('it was there only afterwards', 404)
      }),
    )
  }

  async stat(name: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    assertObjectName(name)
    throwIfAborted(signal)
    return this.#attempt(`look for ${name}`, async () => {
      const item = await this.#lookAgain(() => this.#calls.run(() => this.#remote.stat(name)))
      if (item === undefined) await this.#assertThere()
      return item && infoOf(name, item)
    })
  }

  async *list(folder: string, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    assertFolderName(folder)
    throwIfAborted(signal)
    let items: Item[]
    try {
      items = await this.#remote.list(folder, { recurse: true }, signal)
      if (items.length === 0) await this.#assertThere()
    } catch (error) {
      throwIfAborted(signal)
      throw translateRcloneError(error, this.url, `list ${folder}`)
    }
    for (const item of items) {
      throwIfAborted(signal)
      if (!item.IsDir && isObjectName(item.Path)) yield infoOf(item.Path, item)
    }
  }

  async delete(name: string, signal?: AbortSignal): Promise<void> {
    assertObjectName(name)
    throwIfAborted(signal)
    await this.#attempt(`remove ${name}`, async () => {
      if (!(await this.#remove(name))) await this.#assertThere()
      if (name === configName) this.#mark &&= ''
    })
  }

  async prepare(folders: readonly string[], signal?: AbortSignal): Promise<void> {
    for (const folder of folders) assertFolderName(folder)
    throwIfAborted(signal)
    await this.#attempt('prepare the place', async () => {
      await assertVacant(this.#remote, this.url, folders)
      if (this.#features.CanHaveEmptyDirectories) {
        for (const folder of ['', ...folders]) {
          throwIfAborted(signal)
          await this.#remote.makeFolder(folder)
        }
      }
      this.#mark = ''
    })
  }

  async sweepTemporary(signal?: AbortSignal): Promise<number> {
    throwIfAborted(signal)
    return this.#attempt('tidy up', async () => {
      const oldest = this.#clock.now() - dayMs
      let count = 0
      for (const item of await this.#remote.list('', { recurse: true }, signal)) {
        throwIfAborted(signal)
        const isOld = !item.IsDir && isTemporaryName(posix.basename(item.Path)) && Date.parse(item.ModTime) < oldest
        if (isOld && (await this.#remove(item.Path))) count++
      }
      return count
    })
  }

  /** Where the remote tells it; most services have no such limit. */
  async freeBytes(): Promise<number | undefined> {
    if (!this.#features.About) return undefined
    return this.#attempt('ask for the free space', async () => {
      const free = await this.#remote.freeBytes()
      return free !== undefined && Number.isSafeInteger(free) && free >= 0 ? free : undefined
    })
  }

  async close(): Promise<void> {
    await this.#remote.close()
    await this.#outbox.close()
  }

  async #find(expect: 'repository' | 'folder'): Promise<void> {
    const hasConfig = (await this.#remote.stat(configName)) !== undefined
    if (!hasConfig && (expect === 'repository' || !(await this.#remote.isThere()))) {
      throw new HoldfastError('repository.notFound', `There is no repository at ${this.url}.`, {
        advice: 'Check the path behind the remote.',
        details: { url: this.url },
      })
    }
    this.#mark = hasConfig ? configName : ''
  }

  /** From the outbox to the remote. What was begun is waited for, so that it is known what came of it. */
  async #send(folder: string, file: string, name: string, signal: AbortSignal | undefined): Promise<void> {
    if (!this.#features.Move) return this.#remote.upload(folder, file, name)
    const temporary = temporaryPathFor(name)
    try {
      await this.#remote.upload(folder, file, temporary)
      throwIfAborted(signal)
      await this.#remote.rename(temporary, name)
    } catch (error) {
      await this.#remove(temporary).catch(() => undefined)
      throw error
    }
  }

  /** Returns false when there is no such object. */
  async #remove(name: string): Promise<boolean> {
    try {
      await this.#remote.remove(name)
      return true
    } catch (error) {
      if (error instanceof RcloneFailure && (error.status === 404 || (await this.#remote.stat(name)) === undefined)) {
        return false
      }
      throw error
    }
  }

  async #attempt<T>(what: string, operation: () => Promise<T>): Promise<T> {
    try {
      return await operation()
    } catch (error) {
      throw translateRcloneError(error, this.url, what)
    }
  }

  async #lookAgain<T>(look: () => Promise<T | undefined>): Promise<T | undefined> {
    for (let left = this.#features.Move ? looks : 1; ; left--) {
      const found = await look()
      if (found !== undefined || left <= 1) return found
      await this.#clock.sleep(lookAgainMs)
    }
  }

  /** Throws `storage.driveNotConnected` unless the place is still the one that was opened. */
  async #assertThere(): Promise<void> {
    const mark = this.#mark
    if (mark === undefined) return
    const isThere =
      mark === '' ? () => this.#remote.isThere() : async () => (await this.#remote.stat(mark)) !== undefined
    // Where folders exist by what is in them, an empty one says nothing.
    if (mark === '' && !this.#features.CanHaveEmptyDirectories) return
    if (await this.#lookAgain(async () => (await isThere()) || undefined)) return
    throw new HoldfastError('storage.driveNotConnected', `The repository at ${this.url} is not there any more.`, {
      advice: 'Check what the remote leads to: a disk may be missing there.',
      details: { url: this.url },
    })
  }

  async #missing(name: string): Promise<HoldfastError> {
    await this.#assertThere()
    return objectNotFound(name, this.url)
  }
}
