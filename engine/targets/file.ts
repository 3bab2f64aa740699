import { constants } from 'node:fs'
import { open, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DirectFile } from '../base/directFile.ts'
import type { LinuxCalls } from '../base/linux.ts'
import { accessFailed, checkInside, openFailed, targetUnsupported } from './errors.ts'
import type { Descriptors, Target } from './target.ts'
import { closeTarget, descriptorsOf, flushFile, type OpenTarget, readFully, writeFully, writeZeros } from './writer.ts'

/** A disk image: a new sparse file, or an existing file that is written over. */
export class FileTarget implements Target {
  readonly kind = 'file'
  readonly sectorBytes = null
  readonly path: string
  readonly sizeBytes: number
  readonly startsZeroed: boolean
  readonly #open: OpenTarget
  readonly #calls: LinuxCalls
  /** The folder's entry of a new file has to reach the disk too, once. */
  #entryFlushed: boolean

  private constructor(
    opened: OpenTarget,
    facts: { sizeBytes: number; created: boolean; startsZeroed: boolean },
    calls: LinuxCalls,
  ) {
    this.path = opened.path
    this.sizeBytes = facts.sizeBytes
    this.startsZeroed = facts.startsZeroed
    this.#open = opened
    this.#calls = calls
    this.#entryFlushed = !facts.created
  }

  /**
   * Opens the file at `path` for at least `sizeBytes`. A new file is created sparse, readable by its owner alone, and is
   * removed again when it cannot be given its size. An existing one is `target.exists` unless `force` is set; it is grown
   * when it is smaller, never cut, and keeps its mode. Also fails with `target.notFound` (no such folder),
   * `target.unsupported` (not a regular file), `target.readOnly`, `target.full`.
   */
  static async open(path: string, sizeBytes: number, force: boolean, calls: LinuxCalls): Promise<FileTarget> {
    try {
      return await FileTarget.#create(path, sizeBytes, calls)
    } catch (error) {
      if (!force || (error as NodeJS.ErrnoException).code !== 'EEXIST') throw openFailed(error, path)
    }
    try {
      return await FileTarget.#takeOver(path, sizeBytes, calls)
    } catch (error) {
      throw openFailed(error, path)
    }
  }

  static async #create(path: string, sizeBytes: number, calls: LinuxCalls): Promise<FileTarget> {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600)
    try {
      await file.truncate(sizeBytes)
      return new FileTarget(
        { path, file, direct: await DirectFile.open(file) },
        { sizeBytes, created: true, startsZeroed: true },
        calls,
      )
    } catch (error) {
      await file.close()
      await unlink(path)
      throw error
    }
  }

  static async #takeOver(path: string, sizeBytes: number, calls: LinuxCalls): Promise<FileTarget> {
    // Without O_NONBLOCK, opening a pipe would wait for somebody to read it.
    const file = await open(path, constants.O_RDWR | constants.O_NONBLOCK)
    try {
      const facts = await file.stat()
      if (!facts.isFile()) throw targetUnsupported(path)
      if (facts.size < sizeBytes) await file.truncate(sizeBytes)
      const size = Math.max(facts.size, sizeBytes)
      return new FileTarget(
        { path, file, direct: await DirectFile.open(file) },
        { sizeBytes: size, created: false, startsZeroed: facts.size === 0 },
        calls,
      )
    } catch (error) {
      await file.close()
      throw error
    }
  }

  async write(data: Uint8Array, offset: number): Promise<void> {
    checkInside(this.path, this.sizeBytes, offset, data.length)
    await writeFully(this.#open, data, offset)
  }

  descriptorsFor(offset: number, length: number): Descriptors {
    checkInside(this.path, this.sizeBytes, offset, length)
    return descriptorsOf(this.#open)
  }

  /** Punches a hole; where the file system has none, zeroes the range or writes zeros. */
  async zero(offset: number, length: number): Promise<void> {
    checkInside(this.path, this.sizeBytes, offset, length)
    try {
      const { fd } = this.#open.file
      if ((await this.#calls.punchHole(fd, offset, length)) === 'done') return
      if ((await this.#calls.zeroRange(fd, offset, length)) === 'done') return
    } catch (error) {
      throw accessFailed(error, this.path, 'zeroed', { offset, length })
    }
    await writeZeros(this.#open, offset, length)
  }

  read(buffer: Uint8Array, offset: number): Promise<number> {
    return readFully(this.#open, buffer, offset)
  }

  async flush(): Promise<void> {
    await flushFile(this.#open.file, this.path)
    if (this.#entryFlushed) return
    const folder = await open(dirname(this.path), constants.O_RDONLY)
    try {
      await flushFile(folder, dirname(this.path))
    } finally {
      await folder.close()
    }
    this.#entryFlushed = true
  }

  async forget(): Promise<void> {
    await this.#calls.forgetPages(this.#open.file.fd, 0, this.sizeBytes).catch(() => undefined)
  }

  async readPartitions(): Promise<'none'> {
    return 'none'
  }

  async close(): Promise<void> {
    await closeTarget(this.#open)
  }
}
