/** How a file system is mounted so that it can be looked at and never changes. Pure. */

export interface MountAttempt {
  /** As mount(8) takes it. */
  type: string
  options: string[]
  /** On a device that can be written for the time being, so that the journal can be replayed. */
  onOverlay: boolean
  /** Give the copy an identity of its own first. */
  newIdentity: boolean
  /** What is missing when it is mounted in this way; null when nothing is. */
  note: string | null
}

export interface MountFacts {
  /** As lsblk calls it. */
  kind: string
  /** Something was not finished when the backup was made; null when that cannot be told. */
  isDirty: boolean | null
  /** Overlays can be had. */
  canOverlay: boolean
  /** Of btrfs: the file system with this identity is mounted here. */
  isInUseHere: boolean
}

/** Nothing on a backup may gain rights here. */
const always = ['ro', 'nosuid', 'nodev', 'noexec']

/** For people: what it means to see a file system without its journal. */
export const notReplayed =
  'Its journal could not be replayed, so what was written last before the backup may be missing.'

/** Ways to mount, the best first; none when there is no safe one. */
export function mountAttempts({ kind, isDirty, canOverlay, isInUseHere }: MountFacts): MountAttempt[] {
  const way = (type: string, ...options: string[]): MountAttempt => ({
    type,
    options: [...always, ...options],
    onOverlay: false,
    newIdentity: false,
    note: null,
  })
  const over = (attempt: MountAttempt): MountAttempt[] => (canOverlay ? [{ ...attempt, onOverlay: true }] : [])
  switch (kind) {
    case 'ext2':
    case 'ext3':
    case 'ext4': {
      // The driver of ext4 serves all three. Without "noload" it would want to write.
      const asItIs = way('ext4', 'noload')
      return isDirty === true ? [...over(way('ext4')), { ...asItIs, note: notReplayed }] : [asItIs]
    }
    case 'xfs':
      // A frozen file system has a journal to replay, too; "nouuid" because the original may be mounted.
      return [...over(way('xfs', 'nouuid')), { ...way('xfs', 'norecovery', 'nouuid'), note: notReplayed }]
    case 'btrfs': {
      // The kernel takes two of one identity for parts of one file system, so a copy gets its own. All subvolumes are shown.
      const own = over(way('btrfs', 'subvolid=5')).map(attempt => ({ ...attempt, newIdentity: true }))
      const asItIs = {
        ...way('btrfs', 'rescue=nologreplay', 'subvolid=5'),
        note: isDirty === false ? null : notReplayed,
      }
      return isInUseHere ? own : [...own, asItIs]
    }
    case 'ntfs':
      return [way('ntfs3'), way('ntfs-3g')]
    case 'vfat':
      return [way('vfat', 'utf8=1'), way('vfat')]
    case 'exfat':
      return [way('exfat')]
    default:
      return []
  }
}
