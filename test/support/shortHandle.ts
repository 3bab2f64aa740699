import type { FileHandle } from 'node:fs/promises'

/** A file in memory of which each call reads or writes 1000 bytes at most, as the kernel may; it fails from `badFrom` on. */
export function shortHandle(bytes: Uint8Array, badFrom = Number.POSITIVE_INFINITY): FileHandle {
  const step = (length: number, position: number) => {
    if (position >= badFrom) throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })
    return Math.max(0, Math.min(length, 1000, bytes.length - position, badFrom - position))
  }
  const handle: Pick<FileHandle, 'read' | 'write'> = {
    read: (async (buffer: Uint8Array, at: number, length: number, position: number) => {
      const bytesRead = step(length, position)
      buffer.set(bytes.subarray(position, position + bytesRead), at)
      return { bytesRead, buffer }
    }) as FileHandle['read'],
    write: (async (buffer: Uint8Array, at: number, length: number, position: number) => {
      const bytesWritten = step(length, position)
      bytes.set(buffer.subarray(at, at + bytesWritten), position)
      return { bytesWritten, buffer }
    }) as FileHandle['write'],
  }
  return handle as FileHandle
}
