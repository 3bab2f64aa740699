import { addFreePlaces, DumpedChunks, DumpedExtents } from './btrfsTrees.ts'
import { doubt, unknownBits } from './doubt.ts'
import { FreeSpace } from './freeSpace.ts'
import type { Volume } from './volume.ts'

/** Facts of the superblock of btrfs. */
export interface BtrfsFacts {
  /** In extents, each counted once. */
  usedBytes: number
  nodeBytes: number
  /** Of the device, as far as btrfs uses it. */
  deviceBytes: number
}

const MiB = 1024 * 1024
export const btrfsSuperblockAt = 64 * 1024
export const btrfsSuperblockBytes = 4096
/** The beginning is for boot loaders, and has the first superblock; its copies are at fixed places. */
const reserved = [
  { start: 0, end: MiB },
  { start: 64 * MiB, end: 64 * MiB + btrfsSuperblockBytes },
  { start: 256 * 1024 * MiB, end: 256 * 1024 * MiB + btrfsSuperblockBytes },
]

/**
 * mixed backrefs, default subvolume, mixed groups, lzo, zstd, big metadata, extended refs, skinny metadata, no holes, metadata
 * UUID. Not: RAID of any kind, zones, the second extent tree, simple quotas.
 */
const knownIncompatible = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x20 | 0x40 | 0x100 | 0x200 | 0x400
/** Free space tree, that it is valid, verity, block group tree. */
const knownReadOnly = 0x1 | 0x2 | 0x4 | 0x8
/** Written, being relocated. Not: a seed, an image of metadata alone, a change of identity under way. */
const knownFlags = 0x1n | 0x2n

/** Reads the superblock (fs/btrfs/accessors.h of Linux, struct btrfs_super_block), and whether its trees can be trusted. */
export function readBtrfsSuperblock(superblock: Buffer): BtrfsFacts {
  const isBtrfs = superblock.length >= btrfsSuperblockBytes && superblock.toString('latin1', 0x40, 0x48) === '_BHRfS_M'
  if (!isBtrfs) doubt('its superblock is not one of btrfs')
  const number = (at: number) => Number(superblock.readBigUInt64LE(at))
  if (number(0x30) !== btrfsSuperblockAt) doubt('its superblock is a copy from another place')
  const wide = superblock.readUInt32LE(0xbc + 4) | superblock.readUInt32LE(0xb4 + 4)
  const unknown =
    unknownBits(superblock.readUInt32LE(0xbc), knownIncompatible) ??
    unknownBits(superblock.readUInt32LE(0xb4), knownReadOnly) ??
    unknownBits(wide, 0)
  if (unknown) doubt(`it has features (${unknown}) that are not known here`)
  if ((superblock.readBigUInt64LE(0x38) & ~knownFlags) !== 0n) doubt('it is in a state that is not known here')
  if (number(0x60) !== 0) doubt('its log holds changes that are not in place yet')
  if (number(0x88) !== 1 || number(0xc9) !== 1) doubt('it has several devices')
  const facts = { usedBytes: number(0x78), nodeBytes: superblock.readUInt32LE(0x94), deviceBytes: number(0xc9 + 8) }
  const isSize = facts.nodeBytes >= 4096 && facts.nodeBytes <= 65536 && (facts.nodeBytes & (facts.nodeBytes - 1)) === 0
  if (!isSize || !Number.isSafeInteger(facts.usedBytes) || !Number.isSafeInteger(facts.deviceBytes)) {
    doubt('the sizes in its superblock make no sense')
  }
  return facts
}

/** Free places of btrfs on one device, by its chunk tree and its extent tree. */
export async function readBtrfs(volume: Volume): Promise<FreeSpace> {
  const facts = readBtrfsSuperblock(await volume.read(btrfsSuperblockAt, btrfsSuperblockBytes))
  if (facts.deviceBytes > volume.sizeBytes) doubt('its file system is larger than itself')
  // Without --noscan it may look at another device with the same identity: the origin of a snapshot.
  const dump = (tree: string) => ['inspect-internal', 'dump-tree', '--noscan', '--hide-names', '-t', tree, volume.path]
  const dumpedChunks = new DumpedChunks()
  await volume.runLines('btrfs', dump('chunk'), line => dumpedChunks.line(line))
  const chunks = dumpedChunks.end(facts.deviceBytes)
  const extents = new DumpedExtents(chunks, facts.nodeBytes)
  await volume.runLines('btrfs', dump('extent'), line => extents.line(line))
  const gaps = extents.end(facts.usedBytes)
  const free = new FreeSpace(volume.sizeBytes)
  addFreePlaces(chunks, gaps, facts.deviceBytes, reserved, free)
  return free
}
