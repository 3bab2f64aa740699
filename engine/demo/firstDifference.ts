import { open } from 'node:fs/promises'

const chunkBytes = 1024 * 1024

/**
 * Compares two files byte for byte. The offset of the first byte that differs, which is the end of the shorter one when that
 * is all; undefined when they are identical. Errors of the file system pass untranslated.
 */
export async function firstDifference(pathA: string, pathB: string): Promise<number | undefined> {
  await using a = await open(pathA, 'r')
  await using b = await open(pathB, 'r')
  const [sizeA, sizeB] = [(await a.stat()).size, (await b.stat()).size]
  const [chunkA, chunkB] = [Buffer.alloc(chunkBytes), Buffer.alloc(chunkBytes)]
  const shorter = Math.min(sizeA, sizeB)
  for (let offset = 0; offset < shorter; offset += chunkBytes) {
    const length = Math.min(chunkBytes, shorter - offset)
    const [readA, readB] = await Promise.all([a.read(chunkA, 0, length, offset), b.read(chunkB, 0, length, offset)])
    // Fewer bytes than asked for: one of them was cut short meanwhile.
    const count = Math.min(readA.bytesRead, readB.bytesRead)
    if (count === length && chunkA.compare(chunkB, 0, length, 0, length) === 0) continue
    for (let at = 0; at < count; at++) if (chunkA[at] !== chunkB[at]) return offset + at
    if (count < length) return offset + count
  }
  return sizeA === sizeB ? undefined : shorter
}
