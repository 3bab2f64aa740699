import type { Stats } from 'node:fs'
import { constants, type FileHandle, lstat, mkdir, open, readdir, rename, unlink } from 'node:fs/promises'
import { constants as systemConstants } from 'node:os'
import { join } from 'node:path'
import { createSynced, syncFolder } from '../base/atomicFile.ts'
import { randomHex } from '../base/random.ts'
import { HoldfastError } from '../contract/errors.ts'

/** The calls that the folder makes; replaced to try out what happens when they fail. */
export interface FolderCalls {
  lstat(path: string): Promise<Stats>
  mkdir(path: string, options: { recursive: true; mode: number }): Promise<unknown>
  open(path: string, flags: number): Promise<FileHandle>
  readdir(path: string): Promise<string[]>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  createSynced(path: string, parts: readonly Uint8Array[], options: { mode: number }): Promise<void>
  syncFolder(path: string): Promise<void>
}

export const folderCalls: FolderCalls = { lstat, mkdir, open, readdir, rename, unlink, createSynced, syncFolder }

/** A call of the file system that failed. It keeps the errno's name and nothing else of the foreign error. */
export class FolderError extends Error {
  /** ENOSPC and its kind; 'unknown' for anything that is no errno. */
  readonly errno: string
  readonly path: string

  constructor(error: unknown, path: string) {
    const code = (error as NodeJS.ErrnoException | undefined)?.code
    const errno = typeof code === 'string' && Object.hasOwn(systemConstants.errno, code) ? code : 'unknown'
    super(`${errno}: ${path}`)
    this.name = 'FolderError'
    this.errno = errno
    this.path = path
  }
}

/**
 * A folder (0700) of small files (0600) that only `uid` may enter. What others could read or change is refused with
 * config.invalid, and so are symbolic links; all other failures are a FolderError. The folders above it are those of the
 * system and are trusted.
 */
export class PrivateFolder {
  readonly path: string
  readonly #uid: number
  readonly #calls: FolderCalls

  constructor(path: string, uid: number, calls: FolderCalls = folderCalls) {
    this.path = path
    this.#uid = uid
    this.#calls = calls
  }

  /** Makes the folder if it is not there, and sees that it is private. */
  async prepare(): Promise<void> {
    if (await this.isThere()) return
    await this.#attempt(this.path, () => this.#calls.mkdir(this.path, { recursive: true, mode: 0o700 }))
    await this.isThere()
  }

  /**
   * Whether the folder exists. Fails with config.invalid when it is not private; `anyMode` looks only at what it is and whose
   * it is.
   */
  async isThere(options: { anyMode?: boolean } = {}): Promise<boolean> {
    const stats = await this.#attempt(this.path, () => this.#calls.lstat(this.path)).catch(unlessMissing)
    if (stats === undefined) return false
    if (stats.isSymbolicLink()) throw isLink(this.path)
    if (!stats.isDirectory()) {
      throw unsafe(this.path, 'is not a folder', 'Move it away; Holdfast makes the folder itself.')
    }
    this.#assertPrivate(this.path, stats, options.anyMode ? 0o777 : 0o700)
    return true
  }

  /** Names of everything in the folder; empty when there is no folder. */
  async names(): Promise<string[]> {
    return (await this.#attempt(this.path, () => this.#calls.readdir(this.path)).catch(unlessMissing)) ?? []
  }

  /** The file from its beginning, `maxBytes` at most, and its size; undefined when it does not exist. */
  async read(name: string, maxBytes: number): Promise<{ start: Buffer; sizeBytes: number } | undefined> {
    const path = join(this.path, name)
    // Not waiting for the other end of a pipe that somebody put there.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
    let file: FileHandle | undefined
    try {
      file = await this.#attempt(path, () => this.#calls.open(path, flags))
    } catch (error) {
      if (error instanceof FolderError && error.errno === 'ELOOP') throw isLink(path)
      return unlessMissing(error)
    }
    try {
      const stats = await this.#attempt(path, () => file.stat())
      if (!stats.isFile()) throw unsafe(path, 'is not a file', 'Remove it, and enter the secret again.')
      this.#assertPrivate(path, stats, 0o600)
      return { start: await this.#readStart(file, path, Math.min(stats.size, maxBytes)), sizeBytes: stats.size }
    } finally {
      await file.close().catch(() => undefined)
    }
  }

  async #readStart(file: FileHandle, path: string, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(length)
    let done = 0
    try {
      while (done < length) {
        const { bytesRead } = await this.#attempt(path, () => file.read(bytes, done, length - done, done))
        if (bytesRead === 0) break
        done += bytesRead
      }
      return bytes.subarray(0, done)
    } catch (error) {
      bytes.fill(0)
      throw error
    }
  }

  /**
   * Puts a file in place of the one of that name, in one step: when this fails or the process is killed, the old one or the new
   * one is there, whole, and perhaps a file with the name `temporary`.
   */
  async replace(name: string, temporary: string, parts: readonly Uint8Array[]): Promise<void> {
    const [path, temporaryPath] = [join(this.path, name), join(this.path, temporary)]
    try {
      await this.#attempt(temporaryPath, () => this.#calls.createSynced(temporaryPath, parts, { mode: 0o600 }))
      await this.#attempt(path, () => this.#calls.rename(temporaryPath, path))
    } catch (error) {
      await this.#calls.unlink(temporaryPath).catch(() => undefined)
      throw error
    }
    await this.#sync()
  }

  /** Removes files for good; those that do not exist are no failure. */
  async remove(names: readonly string[]): Promise<void> {
    if (names.length === 0) return
    for (const name of names) {
      const path = join(this.path, name)
      await this.#attempt(path, () => this.#calls.unlink(path)).catch(unlessMissing)
    }
    await this.#sync()
  }

  #sync(): Promise<void> {
    return this.#attempt(this.path, () => this.#calls.syncFolder(this.path))
  }

  #assertPrivate(path: string, stats: Stats, widest: number): void {
    if (stats.uid !== this.#uid) {
      throw unsafe(
        path,
        `belongs to user ${stats.uid} instead of ${this.#uid}`,
        `Find out how that came about, remove it, and enter the secrets again.`,
        { uid: stats.uid },
      )
    }
    const mode = stats.mode & 0o777
    if ((mode & ~widest) === 0) return
    throw unsafe(
      path,
      `can be used by others than its owner (mode ${octal(mode)})`,
      `Run “chmod ${octal(widest)} ${path}”, and change the secrets if somebody may have read them.`,
      { mode: octal(mode) },
    )
  }

  async #attempt<T>(path: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      throw new FolderError(error, path)
    }
  }
}

/** 16 hex digits for the name of a file that is not finished. */
export const temporaryDigits = (): string => randomHex(8)

const octal = (mode: number): string => mode.toString(8).padStart(4, '0')

function unsafe(path: string, what: string, advice: string, details: Record<string, unknown> = {}): HoldfastError {
  return new HoldfastError('config.invalid', `${path}, where secrets are kept, ${what}.`, {
    advice,
    details: { path, ...details },
  })
}

const isLink = (path: string): HoldfastError =>
  unsafe(path, 'is a symbolic link', 'Find out who made it, remove it, and enter the secrets again.')

function unlessMissing(error: unknown): undefined {
  if (error instanceof FolderError && error.errno === 'ENOENT') return undefined
  throw error
}
