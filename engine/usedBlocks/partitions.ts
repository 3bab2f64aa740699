import { readdir, readFile, realpath } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { normalize, type RangeSet, type Span, subtract } from '../sources/ranges.ts'
import type { UsedBlocks } from './usedBlocks.ts'

/** A partition as the kernel has it: offset and size in bytes. */
export interface KernelPartition {
  path: string
  offset: number
  sizeBytes: number
}

/** The partitions of a disk that the kernel knows (/sys/class/block); empty for what is no disk, and where there is no sysfs. */
export async function kernelPartitions(path: string, sysRoot = '/sys'): Promise<KernelPartition[]> {
  try {
    const folder = join(sysRoot, 'class/block', basename(await realpath(path)))
    const found: KernelPartition[] = []
    for (const name of await readdir(folder)) {
      const number = async (attribute: string) => Number(await readFile(join(folder, name, attribute), 'utf8'))
      if (!(await isPartition(join(folder, name)))) continue
      // Both count in 512 bytes, whatever the sectors of the disk.
      found.push({
        path: join('/dev', name),
        offset: (await number('start')) * 512,
        sizeBytes: (await number('size')) * 512,
      })
    }
    return found
  } catch {
    return []
  }
}

const isPartition = (folder: string) =>
  readFile(join(folder, 'partition')).then(
    () => true,
    () => false,
  )

/**
 * What of a disk is in use, by what its partitions say. All that lies outside of them is in use (the tables, boot loaders), and so is
 * a partition of which nothing is known. Where partitions overlap, what one of them uses is in use.
 */
export function usedOfDisk(
  sizeBytes: number,
  partitions: readonly { offset: number; sizeBytes: number; blocks: UsedBlocks }[],
): UsedBlocks {
  const known = partitions.filter(({ blocks }) => blocks.known)
  if (known.length === 0) {
    return {
      known: false,
      fileSystem: null,
      why: 'none of its partitions holds a file system that tells what it has free',
    }
  }
  const whole = (part: { offset: number; sizeBytes: number }): Span => ({
    start: part.offset,
    end: Math.min(part.offset + part.sizeBytes, sizeBytes),
  })
  const outside = subtract([{ start: 0, end: sizeBytes }], normalize(partitions.map(whole)))
  const inside = partitions.flatMap((part): RangeSet => {
    if (!part.blocks.known) return [whole(part)]
    return part.blocks.used.map(({ start, end }) => ({
      start: part.offset + start,
      end: Math.min(part.offset + end, sizeBytes),
    }))
  })
  const names = [...new Set(known.flatMap(({ blocks }) => blocks.fileSystem ?? []))].sort()
  return { known: true, fileSystem: names.join(', '), used: normalize([...outside, ...inside]) }
}
