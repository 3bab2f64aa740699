import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { linux } from './linux.ts'

/**
 * A file that is changed in place and must outlive power cuts: what was written before a sync began is on the medium when the sync
 * has resolved. Until then any part of it, down to single sectors, may be there or not, in any order. Bytes. Errors of the
 * file system pass untranslated.
 */
export interface DurableFile {
  /** Fills the buffer; what lies behind the end of the file reads as zeros. */
  read(buffer: Uint8Array, position: number): Promise<void>
  write(bytes: Uint8Array, position: number): Promise<void>
  sync(): Promise<void>
  size(): Promise<number>
  /** Cuts or lengthens it; what is new reads as zeros and takes no room. */
  truncate(size: number): Promise<void>
  /** Makes a range read as zeros and gives its room back; false where that cannot be, and nothing has changed then. */
  punch(offset: number, length: number): Promise<boolean>
  /** Makes a range read as zeros, with room for what is written there later; false where that cannot be. */
  reserve(offset: number, length: number): Promise<boolean>
  close(): Promise<void>
}

/** Opens a file of the file system to read and write; makes it, for its owner alone, when it is missing. */
export async function openDurable(path: string): Promise<DurableFile> {
  return new RealFile(await open(path, constants.O_RDWR | constants.O_CREAT, 0o600))
}

class RealFile implements DurableFile {
  readonly #file: FileHandle
  #hasMoved = false

  constructor(file: FileHandle) {
    this.#file = file
  }

  async read(buffer: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < buffer.length; ) {
      const { bytesRead } = await this.#file.read(buffer, done, buffer.length - done, position + done)
      if (bytesRead === 0) {
        buffer.fill(0, done)
        return
      }
      done += bytesRead
    }
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      done += (await this.#file.write(bytes, done, bytes.length - done, position + done)).bytesWritten
    }
  }

  /**
   * fdatasync(2) does for bytes and the length of the file; where its room was changed without writing, file systems are given no
   * choice.
   */
  async sync(): Promise<void> {
    const hasMoved = this.#hasMoved
    this.#hasMoved = false
    await (hasMoved ? this.#file.sync() : this.#file.datasync())
  }

  async size(): Promise<number> {
    return (await this.#file.stat()).size
  }

  async truncate(size: number): Promise<void> {
    await this.#file.truncate(size)
  }

  async punch(offset: number, length: number): Promise<boolean> {
    this.#hasMoved = true
    return (await linux.punchHole(this.#file.fd, offset, length)) === 'done'
  }

  async reserve(offset: number, length: number): Promise<boolean> {
    this.#hasMoved = true
    return (await linux.zeroRange(this.#file.fd, offset, length)) === 'done'
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}
