import { isHoldfastError } from '../contract/errors.ts'
import type { Extent, Source } from '../sources/source.ts'

/** Tried again this often before a sector is given up. */
const attempts = 2

/**
 * Fills `into` from the source at `offset`, come what may: parts that cannot be read, or that lie beyond the end of a source
 * that has shrunk, are zeros, and their ranges are returned. A failed read is repeated in halves down to single sectors, so
 * that as little as possible is lost. Errors other than source.readFailed are thrown.
 */
export async function readTolerantly(source: Source, into: Uint8Array, offset: number): Promise<Extent[]> {
  const lost: Extent[] = []
  await readPart(source, into, offset, lost)
  return joined(lost)
}

async function readPart(source: Source, into: Uint8Array, offset: number, lost: Extent[]): Promise<void> {
  try {
    const count = await source.read(into, offset)
    if (count === into.length) return
    into.fill(0, count)
    lost.push({ offset: offset + count, length: into.length - count })
  } catch (error) {
    if (!isHoldfastError(error, 'source.readFailed')) throw error
    if (into.length <= source.sectorBytes) {
      await readSector(source, into, offset, lost)
      return
    }
    const sectors = Math.ceil(into.length / source.sectorBytes)
    const half = Math.ceil(sectors / 2) * source.sectorBytes
    await readPart(source, into.subarray(0, half), offset, lost)
    await readPart(source, into.subarray(half), offset + half, lost)
  }
}

async function readSector(source: Source, into: Uint8Array, offset: number, lost: Extent[]): Promise<void> {
  for (let attempt = 1; attempt < attempts; attempt++) {
    try {
      if ((await source.read(into, offset)) === into.length) return
    } catch (error) {
      if (!isHoldfastError(error, 'source.readFailed')) throw error
    }
  }
  into.fill(0)
  lost.push({ offset, length: into.length })
}

/** Joins ranges that touch. They must ascend. */
export function joined(ranges: readonly Extent[]): Extent[] {
  const out: Extent[] = []
  for (const range of ranges) {
    const last = out.at(-1)
    if (last && last.offset + last.length >= range.offset) {
      last.length = Math.max(last.length, range.offset + range.length - last.offset)
    } else out.push({ ...range })
  }
  return out
}
