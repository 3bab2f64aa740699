import type { ReadBytes } from '../versions/partition.ts'

/** What a superblock says that matters for mounting; see fileSystemHead.ts for the sources of the formats. */
export interface SuperblockFacts {
  /** Null when it cannot be told from the superblock alone. */
  isDirty: boolean | null
  /** Of btrfs: what the kernel knows it by, in the form of /sys/fs/btrfs; null for others. */
  btrfsId: string | null
}

const extAt = 1024
/** EXT4_FEATURE_INCOMPAT_RECOVER: the journal is to be replayed. */
const needsRecovery = 0x4
const btrfsAt = 0x10000

export async function readSuperblockFacts(read: ReadBytes, kind: string): Promise<SuperblockFacts> {
  if (kind.startsWith('ext')) {
    const block = await read({ offset: extAt, length: 1024 })
    return { isDirty: (block.readUInt32LE(0x60) & needsRecovery) !== 0, btrfsId: null }
  }
  if (kind === 'btrfs') {
    const block = await read({ offset: btrfsAt, length: 4096 })
    // fsid at 0x20; log_root at 0x60 (logical address of the tree of what was synced since the last transaction).
    const id = block.toString('hex', 0x20, 0x30)
    return {
      isDirty: block.readBigUInt64LE(0x60) !== 0n,
      btrfsId: id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    }
  }
  return { isDirty: null, btrfsId: null }
}
