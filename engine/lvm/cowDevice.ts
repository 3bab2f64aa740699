import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { alignedSharedMemory } from '../base/alignedMemory.ts'
import { throwIfAborted } from '../contract/errors.ts'
import { type CowHeader, type CowTable, headerBytes, type ReadStore, readCowHeader, readCowTable } from './cowTable.ts'

const alignedMemory = (bytes: number) => new Uint8Array(alignedSharedMemory(bytes), 0, bytes)

/** Opens a store around the page cache: what the kernel writes there, the cache never learns of. */
async function withStore<T>(path: string, use: (read: ReadStore) => Promise<T>): Promise<T> {
  const file = await open(path, constants.O_RDONLY | constants.O_DIRECT)
  try {
    return await use(async (buffer, offset) => {
      let done = 0
      while (done < buffer.length) {
        const { bytesRead } = await file.read(buffer, done, buffer.length - done, offset + done)
        done += bytesRead
        if (bytesRead === 0 || done % 4096 !== 0) break
      }
      return done
    })
  } finally {
    await file.close()
  }
}

/** The table of the snapshot with this store (`…-cow`). Errors of the device pass. May be cancelled. */
export function readCowDevice(path: string, volumeBytes: number, signal?: AbortSignal): Promise<CowTable> {
  return withStore(path, read => readCowTable(read, volumeBytes, alignedMemory, () => throwIfAborted(signal)))
}

/** Only what its header says. */
export function readCowDeviceHeader(path: string): Promise<CowHeader> {
  return withStore(path, async read => {
    const page = alignedMemory(4096)
    return (await read(page, 0)) < headerBytes ? { valid: false, why: 'its store is too small' } : readCowHeader(page)
  })
}
