import { open } from 'node:fs/promises'
import { logText, type SeededRandom, seededRandom } from '../../engine/demo/seededRandom.ts'

/** Stretches of one kind; larger than any block that these tests use. */
const regionBytes = 128 * 1024
const pageBytes = 4096

/**
 * An image as disks have them: stretches that do not compress, stretches of text, zeros, and repetitions of what stands
 * earlier in it. The same seed gives the same image. The size may be any number of bytes.
 */
export function mixedImage(sizeBytes: number, seed: string | number): Buffer {
  const random = seededRandom(seed)
  const image = Buffer.alloc(sizeBytes)
  for (let at = 0; at < sizeBytes; at += regionBytes) fillRegion(image, at, random)
  return image
}

/** An image without zeros and repetitions: nothing of it can be left out or stored once only. */
export const randomImage = (sizeBytes: number, seed: string | number): Buffer => seededRandom(seed).bytes(sizeBytes)

/** A copy with pages written over, a region written anew and a region zeroed, as a day's work leaves it. */
export function changedImage(image: Buffer, seed: string | number, pages = 40): Buffer {
  const random = seededRandom(seed)
  const changed = Buffer.from(image)
  const regions = Math.max(1, Math.floor(image.length / regionBytes))
  for (let i = 0; i < pages; i++) {
    const at = random.below(Math.max(1, Math.floor(image.length / pageBytes))) * pageBytes
    random.bytes(Math.min(pageBytes, image.length - at)).copy(changed, at)
  }
  fillRegion(changed, random.below(regions) * regionBytes, random)
  const zeroed = random.below(regions) * regionBytes
  changed.fill(0, zeroed, Math.min(zeroed + regionBytes, image.length))
  return changed
}

/** Writes an image as a file; zeros become holes. */
export async function writeImage(path: string, image: Buffer): Promise<void> {
  const file = await open(path, 'w')
  try {
    await file.truncate(image.length)
    for (let at = 0; at < image.length; at += pageBytes * 16) {
      const piece = image.subarray(at, at + pageBytes * 16)
      if (piece.some(byte => byte !== 0)) await file.write(piece, 0, piece.length, at)
    }
  } finally {
    await file.close()
  }
}

function fillRegion(image: Buffer, at: number, random: SeededRandom): void {
  const region = image.subarray(at, at + regionBytes)
  switch (random.below(6)) {
    case 0:
    case 1:
    case 2:
      random.bytes(region.length).copy(region)
      break
    case 3:
      logText(random, region.length).copy(region)
      break
    case 4:
      region.fill(0)
      break
    default: {
      const earlier = random.below(Math.floor(at / regionBytes) + 1) * regionBytes
      image.copyWithin(at, earlier, Math.min(earlier + region.length, at + region.length))
    }
  }
}
