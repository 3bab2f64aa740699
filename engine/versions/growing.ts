/** What lies in a partition that has grown is grown by whoever owns it; here is how. */

/** The command that makes what is in a partition as large as that is now; null when nobody knows one. */
export function growingOf(fileSystem: string | null, partition: string): string | null {
  switch (fileSystem) {
    case 'ext2':
    case 'ext3':
    case 'ext4':
      return `e2fsck -f ${partition} && resize2fs ${partition}`
    case 'xfs':
      return `mount ${partition} /mnt && xfs_growfs /mnt`
    case 'btrfs':
      return `mount ${partition} /mnt && btrfs filesystem resize max /mnt`
    case 'ntfs':
      return `ntfsresize ${partition}`
    case 'LVM2_member':
      return `pvresize ${partition}`
    case 'crypto_LUKS':
      return `cryptsetup open ${partition} grown && cryptsetup resize grown`
    default:
      return null
  }
}

/** As the kernel calls a partition of a disk: sda2, but nvme0n1p2. */
export const partitionPath = (disk: string, number: number): string =>
  /\d$/.test(disk) ? `${disk}p${number}` : `${disk}${number}`
