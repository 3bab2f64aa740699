import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { directAlignmentBytes } from './alignedMemory.ts'

/**
 * A second way into an open file or device, around the page cache: writing a disk's worth of data takes a third of the
 * processor time, other programs keep what they have in memory, and reading back reads the medium. It serves only what is
 * aligned; the rest, and everything on file systems that know no such thing, goes the ordinary way. The kernel keeps both
 * ways coherent.
 */
export class DirectFile {
  readonly #file: FileHandle

  private constructor(file: FileHandle) {
    this.#file = file
  }

  /** Undefined where it is not supported. Through /proc it is the very same file, whatever has become of its name. */
  static async open(file: FileHandle): Promise<DirectFile | undefined> {
    try {
      return new DirectFile(await open(`/proc/self/fd/${file.fd}`, constants.O_RDWR | constants.O_DIRECT))
    } catch {
      return undefined
    }
  }

  /** For as long as this is open. */
  get fd(): number {
    return this.#file.fd
  }

  /** Writes the beginning of `data` at `offset`; returns how much, 0 when it cannot be done this way. Other errors pass. */
  async write(data: Uint8Array, offset: number): Promise<number> {
    return await directly(data, offset, async (from, length) => {
      return (await this.#file.write(data, from, length, offset + from)).bytesWritten
    })
  }

  /** Fills the beginning of `buffer` from `offset`; returns how much, 0 when it cannot be done this way. Other errors pass. */
  async read(buffer: Uint8Array, offset: number): Promise<number> {
    return await directly(buffer, offset, async (from, length) => {
      return (await this.#file.read(buffer, from, length, offset + from)).bytesRead
    })
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

/**
 * Does the beginning of `memory` at `offset` of a file that is open around the page cache, in steps that tell how much they
 * did; returns how much was done in all, 0 when nothing can be done this way. Errors other than that pass.
 */
export async function directly(
  memory: Uint8Array,
  offset: number,
  step: (from: number, length: number) => Promise<number>,
): Promise<number> {
  let done = 0
  if (offset % directAlignmentBytes !== 0 || memory.byteOffset % directAlignmentBytes !== 0) return done
  const end = memory.length - (memory.length % directAlignmentBytes)
  try {
    while (done < end && done % directAlignmentBytes === 0) {
      const count = await step(done, end - done)
      if (count === 0) break
      done += count
    }
  } catch (error) {
    // Memory that does not begin where the drive wants it, or a drive with larger sectors.
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error
  }
  return done
}
