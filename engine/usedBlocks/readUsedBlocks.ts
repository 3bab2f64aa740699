import { runCommand } from '../base/command.ts'
import { HoldfastError, isHoldfastError } from '../contract/errors.ts'
import { readBtrfs } from './btrfs.ts'
import { Doubt, doubt } from './doubt.ts'
import { readExt } from './ext.ts'
import type { FreeSpace } from './freeSpace.ts'
import { readNtfs } from './ntfs.ts'
import { type KernelPartition, kernelPartitions, usedOfDisk } from './partitions.ts'
import { parseProbe } from './probe.ts'
import { readSwap } from './swap.ts'
import type { UsedBlocks } from './usedBlocks.ts'
import { readVfat } from './vfat.ts'
import { Volume } from './volume.ts'
import { readXfs } from './xfs.ts'

export interface UsedBlocksOptions {
  /** Of what is at the path. */
  sizeBytes: number
  /**
   * It is a snapshot of a volume that was mounted on this computer at that moment, and whose file system was therefore frozen by
   * device-mapper. False for everything else, also for snapshots of volumes that others (a virtual computer) may have in use.
   */
  frozen?: boolean
  signal?: AbortSignal
}

const readers: Record<string, (volume: Volume) => Promise<FreeSpace>> = {
  ext2: readExt,
  ext3: readExt,
  ext4: readExt,
  xfs: readXfs,
  btrfs: readBtrfs,
  ntfs: readNtfs,
  vfat: readVfat,
  swap: readSwap,
}

/**
 * Which bytes of a device or image file are in use, by the metadata of the file system that begins there, or of those
 * in its partitions. What holds it must not
 * change meanwhile, nor until the bytes are read: the caller sees to that.
 *
 * Never guesses: when anything is not as it should be, or not known here, or a program is missing, the answer is that all must be
 * read, and why. Fails with run.cancelled alone. Reads metadata only; memory is bounded, time by the metadata's size. Writes
 * nothing, so it may be repeated.
 */
export function readUsedBlocks(path: string, options: UsedBlocksOptions): Promise<UsedBlocks> {
  return readAt(path, options)
}

/** The same; of a partition also whether it is where the table on its disk says. */
async function readAt(path: string, options: UsedBlocksOptions, partition?: KernelPartition): Promise<UsedBlocks> {
  let fileSystem: string | null = null
  try {
    fileSystem = await probe(path, options.signal, partition)
    if (fileSystem === 'partitions') return await readPartitions(path, options)
    if (fileSystem === 'swsuspend') doubt('a computer is suspended to it')
    const read = readers[fileSystem]
    if (read === undefined)
      return { known: false, fileSystem, why: `nothing is known here of what ${fileSystem} has in use` }
    const volume = await Volume.open(path, options)
    try {
      return { known: true, fileSystem, used: (await read(volume)).used() }
    } finally {
      await volume.close()
    }
  } catch (error) {
    if (isHoldfastError(error, 'run.cancelled')) throw error
    return { known: false, fileSystem, why: reasonOf(error) }
  }
}

/** Of a disk, by its partitions as the kernel has them; an image file has none. */
async function readPartitions(path: string, options: UsedBlocksOptions): Promise<UsedBlocks> {
  const parts = []
  for (const partition of await kernelPartitions(path)) {
    const { sizeBytes } = partition
    parts.push({ ...partition, blocks: await readAt(partition.path, { ...options, sizeBytes }, partition) })
  }
  return usedOfDisk(options.sizeBytes, parts)
}

/** The type that blkid(8) finds, looking at the bytes themselves and not at what it remembers. */
async function probe(path: string, signal?: AbortSignal, partition?: KernelPartition): Promise<string> {
  const { exitCode, stdout } = await runCommand('blkid', ['-p', '-o', 'export', path], {
    failureCode: 'source.unsupported',
    // 2: nothing found; 8: several things found.
    expectedExitCodes: [0, 2, 8],
    maxOutputBytes: 65536,
    timeoutMs: 60_000,
    ...(signal ? { signal } : {}),
  })
  if (exitCode === 8) doubt('it bears the marks of several file systems')
  return parseProbe(stdout.toString('utf8'), partition)
}

/** Of a bug, too: reading everything is always right. */
function reasonOf(error: unknown): string {
  if (error instanceof Doubt) return error.message
  if (error instanceof HoldfastError)
    return `its metadata could not be read: ${error.message.split('\n', 1)[0]!.replace(/\.$/, '')}`
  return `its metadata could not be read: ${error instanceof Error ? error.message : String(error)}`
}
