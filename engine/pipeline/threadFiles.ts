import { closeSync, constants, fstatSync, openSync, readSync, write } from 'node:fs'
import { promisify } from 'node:util'
import { directly } from '../base/directFile.ts'
import type { Descriptors } from '../targets/target.ts'

const writeSome = promisify(write)
/** Neighbouring blocks come from the same pack, or from a few that were written at the same time. */
const mostOpen = 4

/**
 * Files that one thread reads by itself. They stay open for a while, since the next read is mostly of the same one. Whatever
 * goes wrong is not told apart: then somebody else reads who can say what it means.
 */
export class ThreadFiles {
  /** The one used last at the end. */
  readonly #open = new Map<string, number>()

  /** Fills `into` from `offset`; false when not all of it could be read. Waits for the disk. */
  read(path: string, into: Uint8Array, offset: number): boolean {
    try {
      const fd = this.#descriptor(path)
      for (let done = 0; done < into.length; ) {
        const count = readSync(fd, into, done, into.length - done, offset + done)
        if (count === 0) return this.#drop(path)
        done += count
      }
      return true
    } catch {
      return this.#drop(path)
    }
  }

  /** Bytes of a file; undefined when it is not there, or is no file. */
  sizeOf(path: string): number | undefined {
    try {
      const facts = fstatSync(this.#descriptor(path))
      return facts.isFile() ? facts.size : undefined
    } catch {
      return undefined
    }
  }

  close(): void {
    for (const fd of this.#open.values()) closeSync(fd)
    this.#open.clear()
  }

  /** Somebody may put another file in its place. */
  #drop(path: string): false {
    const fd = this.#open.get(path)
    this.#open.delete(path)
    if (fd !== undefined) closeSync(fd)
    return false
  }

  #descriptor(path: string): number {
    // A pipe that lies in a pack's place must not be waited for.
    const fd = this.#open.get(path) ?? openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    this.#open.delete(path)
    this.#open.set(path, fd)
    const [oldest] = this.#open
    if (oldest && this.#open.size > mostOpen) {
      this.#open.delete(oldest[0])
      closeSync(oldest[1])
    }
    return fd
  }
}

/** Writes all of `data` at `offset`; false when that failed, whatever was written by then. The thread goes on meanwhile. */
export async function writeInThread({ fd, directFd }: Descriptors, data: Buffer, offset: number): Promise<boolean> {
  try {
    let done = 0
    if (directFd !== undefined) {
      done = await directly(data, offset, async (from, length) => {
        return (await writeSome(directFd, data, from, length, offset + from)).bytesWritten
      })
    }
    while (done < data.length) {
      const { bytesWritten } = await writeSome(fd, data, done, data.length - done, offset + done)
      if (bytesWritten === 0) return false
      done += bytesWritten
    }
    return true
  } catch {
    return false
  }
}
