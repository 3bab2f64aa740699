import type { RangeSet } from '../sources/ranges.ts'

/** Which bytes of a device hold something, by the metadata of the file system on it. */
export type UsedBlocks =
  | {
      known: true
      /** As blkid names it: ext4, xfs, btrfs, ntfs, vfat, swap … */
      fileSystem: string
      /** Bytes that must be read, ascending; all others are free and may be stored as holes. */
      used: RangeSet
    }
  /** All must be read; `why` says in words what kept the metadata from being trusted. */
  | { known: false; fileSystem: string | null; why: string }
