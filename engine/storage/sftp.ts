import { posix } from 'node:path'
import { type Clock, systemClock } from '../base/clock.ts'
import { HoldfastError, throwIfAborted } from '../contract/errors.ts'
import { configName } from './directory/prepare.ts'
import { isTemporaryName, temporaryPathFor } from './directory/temporary.ts'
import type { SftpLocation } from './machineLocations.ts'
import {
  assertFolderName,
  assertObjectName,
  assertRange,
  isObjectName,
  objectExists,
  objectNotFound,
  rangeInvalid,
} from './names.ts'
import type { OpenStorageOptions } from './registry.ts'
import { type ConnectionOptions, SftpConnection } from './sftp/connection.ts'
import { folderMissing, full, isMissing, type SftpAction, status, translateSftpError } from './sftp/errors.ts'
import { assertVacant, createFolders } from './sftp/prepare.ts'
import { putObject, ReplaceRefused } from './sftp/publish.ts'
import { type SftpSession, statusOf } from './sftp/session.ts'
import { readRange } from './sftp/transfer.ts'
import { infoOf, statIfThere, walkFiles } from './sftp/walk.ts'
import { Slots } from './slots.ts'
import type { ObjectInfo, PutOptions, Range, Storage } from './storage.ts'

/** Files that are open on the server at a time, which has a limit (1019 with OpenSSH, 100 elsewhere). */
const openFiles = 32
/** Where objects are replaced in two steps, one that is missing is looked for again so often, so long after. */
const looks = 5
const lookAgainMs = 20
const dayMs = 24 * 60 * 60 * 1000

export interface SftpOptions extends OpenStorageOptions, Pick<ConnectionOptions, 'knownHostsFiles' | 'timeoutMs'> {}

/**
 * Objects as files below one folder of an SFTP server (version 3 of the protocol, with OpenSSH's extensions where the server has
 * them), over one connection on which many requests are under way. A connection that broke is `storage.unreachable`, retryable;
 * the next call makes a new one.
 *
 * Only `prepare` creates folders. Where the folder or the config that was there at first has gone, a disk of the server is missing:
 * `storage.driveNotConnected`.
 */
export class SftpStorage implements Storage {
  readonly url: string
  readonly #root: string
  readonly #connection: SftpConnection
  readonly #clock: Clock
  readonly #files = new Slots(openFiles)
  /** Sizes of the objects that are being stored. */
  #underWayBytes = 0
  /** What must be there for the place to be the one that was opened. */
  #mark: string | undefined

  private constructor(location: SftpLocation, options: SftpOptions) {
    this.#connection = new SftpConnection(location, options)
    this.url = this.#connection.url
    this.#root = location.path.replace(/^~\//, '')
    this.#clock = options.clock ?? systemClock
  }

  /**
   * Logs in and looks for the folder. See OpenStorageOptions.expect for what must be there; what is missing is
   * `repository.notFound`. Other errors are those of logging in: `storage.unreachable`, `storage.authFailed`,
   * `storage.hostKeyUnknown`, `storage.hostKeyChanged`.
   */
  static async open(location: SftpLocation, options: SftpOptions = {}): Promise<SftpStorage> {
    const storage = new SftpStorage(location, options)
    try {
      await storage.#find(options.expect ?? 'repository')
      return storage
    } catch (error) {
      await storage.close()
      throw error
    }
  }

  async put(name: string, parts: readonly Uint8Array[], options: PutOptions = {}): Promise<void> {
    assertObjectName(name)
    const { overwrite = false, signal, onSent } = options
    throwIfAborted(signal)
    const path = this.#pathOf(name)
    await this.#files.run(() =>
      this.#attempt({ name, kind: 'write' }, async session => {
        throwIfAborted(signal)
        const temporary = temporaryPathFor(path)
        const sizeBytes = parts.reduce((sum, part) => sum + part.length, 0)
        this.#underWayBytes += sizeBytes
        try {
          if (await putObject(session, { temporary, path, parts, overwrite, signal, onSent })) return
        } catch (error) {
          throw (await this.#isFull(session, error)) ? full(this.url, error) : error
        } finally {
          this.#underWayBytes -= sizeBytes
        }
        throw objectExists(name, this.url)
      }),
    )
  }

  async get(name: string, range?: Range, signal?: AbortSignal, room?: ArrayBuffer): Promise<Uint8Array> {
    assertObjectName(name)
    if (range !== undefined) assertRange(name, range)
    throwIfAborted(signal)
    return this.#files.run(() =>
      this.#attempt({ name, kind: 'read' }, async session => {
        throwIfAborted(signal)
        const handle = await this.#lookAgain(session, async () => {
          try {
            return await session.open(this.#pathOf(name), 'r')
          } catch (error) {
            if (isMissing(error)) return undefined
            throw error
          }
        })
        if (handle === undefined) throw await this.#missing(session, name)
        try {
          const result = await readRange(session, handle, range, { signal, room })
          if (result === 'noFile') throw objectNotFound(name, this.url)
          if (result === 'shrunk') throw this.#shrunk(name)
          if ('data' in result) return result.data
          if (range === undefined) throw this.#shrunk(name)
          throw rangeInvalid(name, range, result.sizeBytes)
        } finally {
          // Nobody needs the answer.
          void session.close(handle).catch(() => undefined)
        }
      }),
    )
  }

  async stat(name: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    assertObjectName(name)
    throwIfAborted(signal)
    return this.#attempt({ name, kind: 'read' }, async session => {
      const stats = await this.#lookAgain(session, () => statIfThere(session, this.#pathOf(name)))
      if (stats?.isFile()) return infoOf(name, stats)
      if (stats === undefined) await this.#assertThere(session)
      return undefined
    })
  }

  async *list(folder: string, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    assertFolderName(folder)
    throwIfAborted(signal)
    const action: SftpAction = { url: this.url, name: folder, kind: 'read' }
    try {
      const session = await this.#connection.session()
      let isEmpty = true
      for await (const info of walkFiles(session, this.#root, folder, name => !isTemporaryName(name), signal)) {
        if (!isObjectName(info.name)) continue
        isEmpty = false
        yield info
      }
      if (isEmpty) await this.#assertThere(session)
    } catch (error) {
      throw translateSftpError(error, action)
    }
  }

  /** `storage.deleteRefused` when this login may not remove. */
  async delete(name: string, signal?: AbortSignal): Promise<void> {
    assertObjectName(name)
    throwIfAborted(signal)
    await this.#attempt({ name, kind: 'delete' }, async session => {
      if (!(await this.#remove(session, name))) await this.#assertThere(session)
      if (name === configName) this.#mark &&= this.#root
    })
  }

  async prepare(folders: readonly string[], signal?: AbortSignal): Promise<void> {
    for (const folder of folders) assertFolderName(folder)
    throwIfAborted(signal)
    await this.#attempt({ name: '.', kind: 'write' }, async session => {
      const place = { session, root: this.#root, url: this.url, folders }
      await assertVacant(place)
      await createFolders(place, signal)
      this.#mark = this.#root
    })
  }

  /** Removes nothing, and that is no error, where this login may not remove. */
  async sweepTemporary(signal?: AbortSignal): Promise<number> {
    throwIfAborted(signal)
    return this.#attempt({ name: '.', kind: 'write' }, async session => {
      const oldest = this.#clock.now() - dayMs
      let count = 0
      try {
        for await (const info of walkFiles(session, this.#root, '', isTemporaryName, signal)) {
          if (info.modifiedAt < oldest && (await this.#remove(session, info.name))) count++
        }
      } catch (error) {
        if (statusOf(error) !== status.permissionDenied) throw error
      }
      return count
    })
  }

  /** Of the place that will hold the folder, when that is not there yet. */
  async freeBytes(): Promise<number | undefined> {
    return this.#attempt({ name: '.', kind: 'read' }, async session => {
      const isThere = (await statIfThere(session, this.#root)) !== undefined
      return (await session.space(isThere ? this.#root : posix.dirname(this.#root)))?.freeBytes
    })
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }

  async #find(expect: NonNullable<OpenStorageOptions['expect']>): Promise<void> {
    await this.#attempt({ name: '.', kind: 'read' }, async session => {
      const config = this.#pathOf(configName)
      const [root, found] = await Promise.all([statIfThere(session, this.#root), statIfThere(session, config)])
      const hasConfig = found?.isFile() ?? false
      if (expect !== 'nothing' && (!root?.isDirectory() || (expect === 'repository' && !hasConfig)))
        throw this.#notFound()
      if (expect !== 'nothing') this.#mark = hasConfig ? config : this.#root
    })
  }

  async #attempt<T>(action: Omit<SftpAction, 'url'>, operation: (session: SftpSession) => Promise<T>): Promise<T> {
    try {
      return await operation(await this.#connection.session())
    } catch (error) {
      if (error instanceof ReplaceRefused)
        throw translateSftpError(error.cause, { ...action, kind: 'delete', url: this.url })
      throw translateSftpError(error, { ...action, url: this.url })
    }
  }

  /** Returns false when there is no such file. A folder is no file. */
  async #remove(session: SftpSession, name: string): Promise<boolean> {
    try {
      await session.unlink(this.#pathOf(name))
      return true
    } catch (error) {
      if (isMissing(error)) return false
      if (statusOf(error) !== status.failure || (await statIfThere(session, this.#pathOf(name)))?.isFile()) throw error
      return false
    }
  }

  /** The answer to a write on a full disk has no number of its own. */
  async #isFull(session: SftpSession, error: unknown): Promise<boolean> {
    if (statusOf(error) !== status.failure) return false
    const space = await session.space(this.#root).catch(() => undefined)
    // What failed is removed already: of several, one may fail for the room that the others had taken.
    return space !== undefined && (space.freeBytes <= this.#underWayBytes || space.freeFiles === 0)
  }

  /** See replace() in publish.ts. */
  async #lookAgain<T>(session: SftpSession, look: () => Promise<T | undefined>): Promise<T | undefined> {
    for (let left = session.has('posix-rename') ? 1 : looks; ; left--) {
      const found = await look()
      if (found !== undefined || left <= 1) return found
      await this.#clock.sleep(lookAgainMs)
    }
  }

  /** Throws `storage.driveNotConnected` unless the place is still the one that was opened. */
  async #assertThere(session: SftpSession): Promise<void> {
    const mark = this.#mark
    if (mark === undefined || (await this.#lookAgain(session, () => statIfThere(session, mark)))) return
    throw folderMissing(this.url, posix.basename(mark))
  }

  async #missing(session: SftpSession, name: string): Promise<HoldfastError> {
    await this.#assertThere(session)
    return objectNotFound(name, this.url)
  }

  #pathOf(name: string): string {
    return `${this.#root}/${name}`
  }

  #shrunk(name: string): HoldfastError {
    return new HoldfastError('storage.failed', `${name} at ${this.url} became shorter while it was read.`, {
      advice: 'Check the disk of the server and the repository.',
      details: { url: this.url, name },
    })
  }

  #notFound(): HoldfastError {
    return new HoldfastError('repository.notFound', `There is no repository at ${this.url}.`, {
      advice: 'Check the path; one that does not begin with / begins where a login does.',
      details: { url: this.url },
    })
  }
}
