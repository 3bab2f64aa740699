import { open, statfs, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { createSynced, syncFolder } from '../base/atomicFile.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { HoldfastError, throwIfAborted } from '../contract/errors.ts'
import { driveNotConnected, errnoName, type FileAction, translateFileError } from './directory/errors.ts'
import {
  assertDriveMounted,
  assertVacant,
  configName,
  createFolders,
  type SystemTables,
  systemTables,
} from './directory/prepare.ts'
import { exists, type LinkFile, Publisher } from './directory/publish.ts'
import { Root } from './directory/root.ts'
import { isTemporaryName, temporaryPathFor } from './directory/temporary.ts'
import { isMissing, statIfThere, walkFiles } from './directory/walk.ts'
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
import type { ObjectInfo, PutOptions, Range, Storage } from './storage.ts'

/** One read is at most this long, so that a cancelled get ends soon. */
const readBytes = 4 * 1024 * 1024
/** Larger objects are packs; nobody reads them soon, and they would drive what other programs need out of the page cache. */
const directBytes = 1024 * 1024
const objectMode = 0o600
const dayMs = 24 * 60 * 60 * 1000

export interface DirectoryOptions extends OpenStorageOptions {
  clock?: Clock
  /** Where the system tells of its drives; replaced to try out other systems. */
  tables?: Partial<SystemTables>
  /** Default link(2); replaced to try out file systems without hard links. */
  link?: LinkFile
}

/**
 * Objects as files below one folder, on any file system. An object is written under a temporary name, flushed, given its
 * name in one step, and the folder flushed.
 *
 * Only `prepare` creates folders. A folder that is missing when an object is put means that the drive is not there, and so
 * nothing is ever written to an empty mount point.
 */
export class DirectoryStorage implements Storage {
  readonly url: string
  readonly #path: string
  readonly #clock: Clock
  readonly #tables: SystemTables
  readonly #publisher: Publisher
  /** Undefined until the place is known to be there: between open with `expect: 'nothing'` and prepare. */
  #root: Root | undefined

  private constructor(path: string, root: Root | undefined, options: DirectoryOptions) {
    this.url = `file:${path}`
    this.#path = path
    this.#root = root
    this.#clock = options.clock ?? systemClock
    this.#tables = { ...systemTables, ...options.tables }
    this.#publisher = new Publisher(this.#clock, options.link)
  }

  /**
   * Opens the folder at `rootPath` (relative to the working directory). See OpenStorageOptions.expect for what must be
   * there; what is missing is `repository.notFound`. The folder is held open, which keeps its drive from being unmounted,
   * until close.
   */
  static async open(rootPath: string, options: DirectoryOptions = {}): Promise<DirectoryStorage> {
    const path = resolve(rootPath)
    const expect = options.expect ?? 'repository'
    if (expect === 'nothing') return new DirectoryStorage(path, undefined, options)
    try {
      if (expect === 'repository' && (await statIfThere(join(path, configName))) === undefined) {
        throw notFound(path)
      }
      return new DirectoryStorage(path, await Root.open(path), options)
    } catch (error) {
      if (isMissing(error)) throw notFound(path)
      throw translateFileError(error, { root: path, name: '.', kind: 'read' })
    }
  }

  async put(name: string, parts: readonly Uint8Array[], options: PutOptions = {}): Promise<void> {
    assertObjectName(name)
    const { overwrite = false, signal } = options
    throwIfAborted(signal)
    await this.#attempt({ name, kind: 'write' }, async root => {
      await root.assertConnected()
      const path = join(this.#path, name)
      const taken = (!overwrite && (await exists(path))) || !(await this.#write(root, path, parts, overwrite, signal))
      // Also when the object was there: whoever wrote it may have died before this, and the caller will rely on it.
      await syncFolder(dirname(path))
      // Else that was the folder of something that has taken the drive's place.
      await root.assertConnected()
      if (taken) throw objectExists(name, this.url)
    })
  }

  async get(name: string, range?: Range, signal?: AbortSignal, room?: ArrayBuffer): Promise<Uint8Array> {
    assertObjectName(name)
    if (range !== undefined) assertRange(name, range)
    throwIfAborted(signal)
    return this.#attempt({ name, kind: 'read' }, async () => {
      const file = await open(join(this.#path, name), 'r')
      try {
        const info = await file.stat()
        if (!info.isFile()) throw objectNotFound(name, this.url)
        const { offset, length } = range ?? { offset: 0, length: info.size }
        if (offset + length > info.size) throw rangeInvalid(name, { offset, length }, info.size)
        const fits = room !== undefined && room.byteLength >= length
        const data = fits ? Buffer.from(room, 0, length) : Buffer.allocUnsafeSlow(length)
        for (let done = 0; done < length; ) {
          throwIfAborted(signal)
          const { bytesRead } = await file.read(data, done, Math.min(readBytes, length - done), offset + done)
          if (bytesRead === 0) throw this.#shrunk(name)
          done += bytesRead
        }
        return data
      } finally {
        await file.close()
      }
    })
  }

  fileOf(name: string): string | undefined {
    assertObjectName(name)
    return join(this.#path, name)
  }

  async stat(name: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    assertObjectName(name)
    throwIfAborted(signal)
    return this.#attempt({ name, kind: 'read' }, async root => {
      const info = await statIfThere(join(this.#path, name))
      if (info?.isFile()) return { name, sizeBytes: info.size, modifiedAt: Math.floor(info.mtimeMs) }
      await root.assertConnected()
      return undefined
    })
  }

  async *list(folder: string, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    assertFolderName(folder)
    throwIfAborted(signal)
    const root = this.#boundRoot()
    const action: FileAction = { root: this.#path, name: folder, kind: 'read' }
    try {
      for await (const info of walkFiles(this.#path, folder, name => !isTemporaryName(name), signal)) {
        if (isObjectName(info.name)) yield info
      }
      // Without the drive, the folder is missing or is another one, and the list is not what it claims to be.
      await root.assertConnected()
    } catch (error) {
      throw await this.#explain(root, error, action)
    }
  }

  async delete(name: string, signal?: AbortSignal): Promise<void> {
    assertObjectName(name)
    throwIfAborted(signal)
    await this.#attempt({ name, kind: 'write' }, async root => {
      await root.assertConnected()
      const path = join(this.#path, name)
      await removeFile(path)
      try {
        await syncFolder(dirname(path))
      } catch (error) {
        if (!isMissing(error)) throw error
      }
      await root.assertConnected()
    })
  }

  async prepare(folders: readonly string[], signal?: AbortSignal): Promise<void> {
    for (const folder of folders) assertFolderName(folder)
    throwIfAborted(signal)
    try {
      await this.#root?.assertConnected()
      await assertDriveMounted(this.#path, this.#tables)
      await assertVacant(this.#path, folders)
      await createFolders(this.#path, folders, signal)
      this.#root ??= await Root.open(this.#path)
    } catch (error) {
      throw translateFileError(error, { root: this.#path, name: '.', kind: 'write' })
    }
  }

  async sweepTemporary(signal?: AbortSignal): Promise<number> {
    throwIfAborted(signal)
    return this.#attempt({ name: '.', kind: 'write' }, async root => {
      await root.assertConnected()
      const oldest = this.#clock.now() - dayMs
      let count = 0
      for await (const info of walkFiles(this.#path, '', isTemporaryName, signal)) {
        if (info.modifiedAt < oldest && (await removeFile(join(this.#path, info.name)))) count++
      }
      return count
    })
  }

  /** Of the place that will hold the folder, when that is not there yet. */
  async freeBytes(): Promise<number | undefined> {
    try {
      await this.#root?.assertConnected()
      const place = this.#root === undefined && !(await exists(this.#path)) ? dirname(this.#path) : this.#path
      const { bavail, bsize, blocks } = await statfs(place, { bigint: true })
      // Some network file systems do not know.
      return blocks === 0n ? undefined : Number(bavail * bsize)
    } catch (error) {
      throw translateFileError(error, { root: this.#path, name: '.', kind: 'write' })
    }
  }

  async close(): Promise<void> {
    await this.#root?.close()
  }

  /** Returns false when the name is taken. */
  async #write(
    root: Root,
    path: string,
    parts: readonly Uint8Array[],
    overwrite: boolean,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const temporary = temporaryPathFor(path)
    // Looked at a second time when the file is open: from then on it cannot end up on anything else.
    await createSynced(temporary, parts, {
      mode: objectMode,
      signal,
      direct: parts.reduce((sum, part) => sum + part.length, 0) >= directBytes,
      beforeFirstByte: () => root.assertConnected(),
    })
    let published = false
    try {
      throwIfAborted(signal)
      if (overwrite) await this.#publisher.replace(temporary, path)
      published = overwrite || (await this.#publisher.create(temporary, path, signal))
      return published
    } catch (error) {
      if (!isMissing(error) || !(await exists(dirname(path)))) throw error
      await root.assertConnected()
      throw this.#swept(path, error)
    } finally {
      if (!published) await unlink(temporary).catch(() => undefined)
    }
  }

  async #attempt<T>(action: Omit<FileAction, 'root'>, operation: (root: Root) => Promise<T>): Promise<T> {
    const root = this.#boundRoot()
    try {
      return await operation(root)
    } catch (error) {
      throw await this.#explain(root, error, { ...action, root: this.#path })
    }
  }

  /** Many errors of a file system are the drive's absence in disguise. */
  async #explain(root: Root, error: unknown, action: FileAction): Promise<unknown> {
    const code = errnoName(error)
    if (code === undefined) return error
    try {
      await root.assertConnected()
    } catch (reason) {
      if (reason instanceof HoldfastError) return reason
    }
    if ((code === 'EIO' || code === 'EROFS') && (await root.deviceIsGone(this.#tables.blockDevicesPath))) {
      return driveNotConnected(this.#path, 'it was pulled out', error)
    }
    return translateFileError(error, action)
  }

  #boundRoot(): Root {
    if (this.#root !== undefined) return this.#root
    throw new HoldfastError('internal.bug', `The storage at ${this.#path} was used before prepare.`, {
      advice: 'Report this as a bug.',
    })
  }

  #shrunk(name: string): HoldfastError {
    return new HoldfastError('storage.failed', `${name} in ${this.#path} became shorter while it was read.`, {
      advice: 'Check the drive and the repository.',
      details: { path: this.#path, name },
    })
  }

  #swept(path: string, cause: unknown): HoldfastError {
    return new HoldfastError('storage.failed', `The unfinished file of ${path} was removed by somebody else.`, {
      advice: 'Run it again.',
      details: { path },
      retryable: true,
      cause,
    })
  }
}

/** Returns false when there is no such file. A folder is no file. */
async function removeFile(path: string): Promise<boolean> {
  try {
    await unlink(path)
    return true
  } catch (error) {
    if (isMissing(error) || errnoName(error) === 'EISDIR') return false
    throw error
  }
}

function notFound(path: string): HoldfastError {
  return new HoldfastError('repository.notFound', `There is no repository at ${path}.`, {
    advice: 'Check the path, and that the drive is connected.',
    details: { path },
  })
}
