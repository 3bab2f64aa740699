import { doubt } from './doubt.ts'
import { FreeSpace } from './freeSpace.ts'
import type { Volume } from './volume.ts'

const pageSizes = [4096, 8192, 16384, 32768, 65536]

/**
 * The part of a swap area that nobody needs: all but its first page, which holds its size, UUID and label (include/linux/swap.h).
 * `head` are its first 64 KiB, or all of it. A Doubt when there is anything in it: an image of a suspended computer has another
 * signature (S1SUSPEND and others) in the same place, which must not be lost.
 */
export function readSwapHeader(head: Buffer): { start: number; end: number } {
  const pageBytes = pageSizes.find(
    page => page <= head.length && head.toString('latin1', page - 10, page) === 'SWAPSPACE2',
  )
  if (pageBytes === undefined) return doubt('it is no plain swap area')
  const [version, lastPage] = [head.readUInt32LE(1024), head.readUInt32LE(1028)]
  if (version !== 1 || lastPage === 0) doubt('its header is not understood')
  return { start: pageBytes, end: (lastPage + 1) * pageBytes }
}

/** A swap area is free but for its header. */
export async function readSwap(volume: Volume): Promise<FreeSpace> {
  const { start, end } = readSwapHeader(await volume.read(0, Math.min(65536, volume.sizeBytes)))
  const free = new FreeSpace(volume.sizeBytes)
  free.add(start, end)
  return free
}
