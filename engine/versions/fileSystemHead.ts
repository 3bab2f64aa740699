import { shownText } from './shownText.ts'

/**
 * What is at the beginning of a partition, by its magic numbers: the few that a computer with Linux or Windows is likely to
 * hold. Named as by lsblk. Superblocks are those of Linux: Documentation/filesystems/ext4/super.rst, fs/btrfs/ctree.h,
 * fs/xfs/libxfs/xfs_format.h, include/linux/swap.h, of cryptsetup and LVM as in their on-disk specifications.
 */
export interface FileSystemHead {
  type: string
  label: string | null
  /** As of the last time that it was written down; null where it does not say. */
  usedBytes: number | null
  /** Where and when it was mounted last, as it says itself; only ext2 to ext4 do. */
  lastMounted?: LastMounted
}

export interface LastMounted {
  path: string | null
  /** ISO 8601, UTC. */
  date: string | null
}

/** All that is looked at lies in here; less is looked at as far as it goes. */
export const headBytes = 0x10000 + 4096

type Look = (head: Head) => FileSystemHead | undefined

/** The first that fits; null when none does. `sizeBytes` of the partition bounds what it can say of itself. */
export function identifyFileSystem(bytes: Buffer, sizeBytes: number): FileSystemHead | null {
  const head = new Head(bytes)
  for (const look of looks) {
    const found = look(head)
    if (!found) continue
    const { usedBytes } = found
    const isPlausible = usedBytes !== null && usedBytes >= 0 && usedBytes <= sizeBytes
    return { ...found, usedBytes: isPlausible ? usedBytes : null }
  }
  return null
}

/** Bytes that may end anywhere: what lies beyond reads as zeros. */
class Head {
  readonly #bytes: Buffer
  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  text(from: number, length: number): string {
    return this.#bytes.toString('latin1', from, from + length)
  }

  label(from: number, length: number, encoding: 'utf8' | 'latin1' = 'utf8'): string | null {
    const bytes = this.#bytes.subarray(from, from + length)
    const end = bytes.indexOf(0)
    return shownText(bytes.toString(encoding, 0, end === -1 ? bytes.length : end))
  }

  uint(at: number, bytes: 1 | 2 | 4): number {
    return at + bytes <= this.#bytes.length ? this.#bytes.readUIntLE(at, bytes) : 0
  }

  /** As a number; inexact beyond 2^53, which no size reaches. */
  uint64(at: number): number {
    return at + 8 <= this.#bytes.length ? Number(this.#bytes.readBigUInt64LE(at)) : 0
  }

  uint64BigEndian(at: number): number {
    return at + 8 <= this.#bytes.length ? Number(this.#bytes.readBigUInt64BE(at)) : 0
  }

  uint32BigEndian(at: number): number {
    return at + 4 <= this.#bytes.length ? this.#bytes.readUInt32BE(at) : 0
  }
}

const plain = (type: string, label: string | null = null): FileSystemHead => ({ type, label, usedBytes: null })

const luks: Look = head => {
  if (head.text(0, 6) !== 'LUKS\xba\xbe') return undefined
  // The second version has a label, big-endian numbers otherwise.
  return plain('crypto_LUKS', head.uint(7, 1) === 2 ? head.label(24, 48) : null)
}

/** The label of a physical volume is in one of the first four sectors. */
const lvm: Look = head => {
  const has = [0, 512, 1024, 1536].some(at => head.text(at, 8) === 'LABELONE' && head.text(at + 24, 8) === 'LVM2 001')
  return has ? plain('LVM2_member') : undefined
}

const xfs: Look = head => {
  if (head.text(0, 4) !== 'XFSB') return undefined
  const used = head.uint64BigEndian(8) - head.uint64BigEndian(144)
  return { type: 'xfs', label: head.label(108, 12), usedBytes: used * head.uint32BigEndian(4) }
}

const ntfs: Look = head => (head.text(3, 8) === 'NTFS    ' ? plain('ntfs') : undefined)
const exfat: Look = head => (head.text(3, 8) === 'EXFAT   ' ? plain('exfat') : undefined)

const fat: Look = head => {
  if (head.uint(510, 2) !== 0xaa55) return undefined
  const labelAt = head.text(82, 5) === 'FAT32' ? 71 : head.text(54, 3) === 'FAT' ? 43 : undefined
  if (labelAt === undefined) return undefined
  const label = head.label(labelAt, 11, 'latin1')
  return plain('vfat', label === 'NO NAME' ? null : label)
}

const ext: Look = head => {
  const at = 1024
  if (head.uint(at + 0x38, 2) !== 0xef53) return undefined
  const [compatible, incompatible] = [head.uint(at + 0x5c, 4), head.uint(at + 0x60, 4)]
  // Extents, 64 bit or flexible groups make it ext4, a journal ext3.
  const type = (incompatible & 0x2c0) !== 0 ? 'ext4' : (compatible & 0x4) !== 0 ? 'ext3' : 'ext2'
  const is64 = (incompatible & 0x80) !== 0
  const wide = (low: number, high: number) => head.uint(at + low, 4) + (is64 ? head.uint(at + high, 4) * 2 ** 32 : 0)
  const blockBytes = 1024 * 2 ** Math.min(head.uint(at + 0x18, 4), 6)
  const usedBytes = (wide(0x4, 0x150) - wide(0xc, 0x158)) * blockBytes
  return { type, label: head.label(at + 0x78, 16), usedBytes, lastMounted: lastMountedOf(head, at) }
}

/** s_last_mounted, s_mtime with its upper byte s_mtime_hi: seconds since 1970. Zero before it was ever mounted. */
function lastMountedOf(head: Head, at: number): LastMounted {
  const seconds = head.uint(at + 0x2c, 4) + head.uint(at + 0x275, 1) * 2 ** 32
  return {
    path: head.label(at + 0x88, 64),
    date: seconds === 0 ? null : new Date(seconds * 1000).toISOString(),
  }
}

const btrfs: Look = head => {
  const at = 0x10000
  if (head.text(at + 0x40, 8) !== '_BHRfS_M') return undefined
  return { type: 'btrfs', label: head.label(at + 0x12b, 256), usedBytes: head.uint64(at + 0x78) }
}

/** The magic ends the first page, whose size is that of the computer that made it. */
const swap: Look = head => {
  const has = [4096, 8192, 16384, 65536].some(page => head.text(page - 10, 10) === 'SWAPSPACE2')
  return has ? plain('swap', head.label(1024 + 28, 16)) : undefined
}

const looks: readonly Look[] = [luks, lvm, xfs, ntfs, exfat, btrfs, ext, swap, fat]
