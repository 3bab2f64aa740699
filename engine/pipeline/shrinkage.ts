import { isHoldfastError } from '../contract/errors.ts'
import type { Extent, Source } from '../sources/source.ts'

/**
 * What a source has lost of its end since it was opened: asked after the last read, because a source that shrinks has no more
 * extents to be read, which would look like a hole. `readUntil` is where reading ended: what was read before it was there
 * then. Undefined when nothing is missing. One read of a byte, and a few dozen when something is.
 */
export async function findShrinkage(source: Source, readUntil: number): Promise<Extent | undefined> {
  const { sizeBytes } = source
  if (readUntil >= sizeBytes || (await isThere(source, sizeBytes - 1))) return undefined
  // The smallest offset that is not there lies in [low, high].
  let low = 0
  let high = sizeBytes - 1
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2)
    if (await isThere(source, middle)) low = middle + 1
    else high = middle
  }
  const offset = Math.max(low, readUntil)
  return { offset, length: sizeBytes - offset }
}

/** A place that cannot be read is there all the same. */
async function isThere(source: Source, offset: number): Promise<boolean> {
  try {
    return (await source.read(Buffer.alloc(1), offset)) === 1
  } catch (error) {
    if (isHoldfastError(error, 'source.readFailed')) return true
    throw error
  }
}
