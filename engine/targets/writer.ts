import type { FileHandle } from 'node:fs/promises'
import { accessFailed } from './errors.ts'

/** Reading and writing of an open file or device, the same for both kinds of targets. */

/** Writes all of `data` at `offset`. */
export async function writeFully(file: FileHandle, path: string, data: Uint8Array, offset: number): Promise<void> {
  let done = 0
  try {
    while (done < data.length) {
      const { bytesWritten } = await file.write(data, done, data.length - done, offset + done)
      done += bytesWritten
    }
  } catch (error) {
    throw accessFailed(error, path, 'written', { offset: offset + done, length: data.length - done })
  }
}

/** Fills `buffer` from `offset`; resolves to the count of bytes, fewer only at the end. */
export async function readFully(file: FileHandle, path: string, buffer: Uint8Array, offset: number): Promise<number> {
  let done = 0
  try {
    while (done < buffer.length) {
      const { bytesRead } = await file.read(buffer, done, buffer.length - done, offset + done)
      if (bytesRead === 0) break
      done += bytesRead
    }
    return done
  } catch (error) {
    throw accessFailed(error, path, 'read back', { offset: offset + done, length: buffer.length - done })
  }
}

const zeros = new Uint8Array(1024 * 1024)

/** The slow way to make [offset, offset + length) zero, which always works. */
export async function writeZeros(file: FileHandle, path: string, offset: number, length: number): Promise<void> {
  for (let at = offset; at < offset + length; at += zeros.length) {
    await writeFully(file, path, zeros.subarray(0, Math.min(zeros.length, offset + length - at)), at)
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
