import type { FileHandle } from 'node:fs/promises'
import type { DirectFile } from '../base/directFile.ts'
import { accessFailed } from './errors.ts'
import type { Descriptors } from './target.ts'

/** Reading and writing of an open file or device, the same for both kinds of targets. */

/** A file or device that is open for reading and writing. */
export interface OpenTarget {
  path: string
  file: FileHandle
  /** Undefined where there is no way around the page cache. */
  direct: DirectFile | undefined
}

/** Writes all of `data` at `offset`. */
export async function writeFully(target: OpenTarget, data: Uint8Array, offset: number): Promise<void> {
  let done = 0
  try {
    done = (await target.direct?.write(data, offset)) ?? 0
    while (done < data.length) {
      const { bytesWritten } = await target.file.write(data, done, data.length - done, offset + done)
      done += bytesWritten
    }
  } catch (error) {
    throw accessFailed(error, target.path, 'written', { offset: offset + done, length: data.length - done })
  }
}

/** Fills `buffer` from `offset`; resolves to the count of bytes, fewer only at the end. */
export async function readFully(target: OpenTarget, buffer: Uint8Array, offset: number): Promise<number> {
  let done = 0
  try {
    done = (await target.direct?.read(buffer, offset)) ?? 0
    while (done < buffer.length) {
      const { bytesRead } = await target.file.read(buffer, done, buffer.length - done, offset + done)
      if (bytesRead === 0) break
      done += bytesRead
    }
    return done
  } catch (error) {
    throw accessFailed(error, target.path, 'read back', { offset: offset + done, length: buffer.length - done })
  }
}

const zeros = new Uint8Array(1024 * 1024)

/** The slow way to make [offset, offset + length) zero, which always works. */
export async function writeZeros(target: OpenTarget, offset: number, length: number): Promise<void> {
  for (let at = offset; at < offset + length; at += zeros.length) {
    await writeFully(target, zeros.subarray(0, Math.min(zeros.length, offset + length - at)), at)
  }
}

/** Brings everything written to the medium. */
export async function flushFile(file: FileHandle, path: string): Promise<void> {
  try {
    await file.sync()
  } catch (error) {
    throw accessFailed(error, path, 'flushed', undefined)
  }
}

/** For threads that write by themselves. */
export function descriptorsOf({ file, direct }: OpenTarget): Descriptors {
  return { fd: file.fd, directFd: direct?.fd }
}

/** Both ways into the target; the direct one first, which nothing depends on. */
export async function closeTarget({ file, direct }: OpenTarget): Promise<void> {
  await direct?.close().catch(() => undefined)
  await file.close()
}
