import type { HowBackedUp, WayChoice, WayReason } from '../contract/backupWays.ts'

/** How a device can be backed up, in words. All functions here are pure. */

/** For a column. */
export const wayWords = ({ way, why, consistency }: HowBackedUp): string => {
  if (way === 'not') return notWords[why] ?? 'no'
  if (way === 'in-use') return 'only while in use'
  if (way === 'as-is') return 'consistent, at rest'
  const kind = consistency === 'consistent' ? 'consistent' : 'crash-consistent'
  return `${kind}, snapshot`
}

const notWords: Partial<Record<WayReason, string>> = {
  'thin-pool': 'by its volumes',
  internal: 'by its volumes',
  'holds-volumes': 'by its volumes',
  'raid-member': 'by its array',
  'own-snapshot': 'no: it is of Holdfast',
  'invalid-snapshot': 'no: the snapshot is invalid',
  extended: 'by its partitions',
  swap: 'no: swap',
}

/** A sentence. */
export const reasonWords: Record<WayReason, string> = {
  snapshot: 'LVM makes a snapshot of it, which is read while work goes on.',
  idle: 'Nothing writes to it.',
  mounted: 'It is mounted, and it is no volume of LVM that could be held still by a snapshot.',
  'in-use': 'Something on it is mounted or in use.',
  'group-full': 'Its volume group has no free extents for a snapshot.',
  'pool-full': 'Its thin pool is full.',
  'missing-disks': 'A disk of its volume group is missing, so LVM makes no snapshots.',
  'duplicate-disks': 'A disk of its volume group is connected twice (as a copy), and LVM may use either.',
  exported: 'Its volume group is marked as exported.',
  'no-snapshots': 'LVM makes no snapshots of this type of volume.',
  'lvm-not-installed': 'LVM is not installed, so there are no snapshots.',
  'lvm-needs-root': 'Only root may ask LVM whether there is room for a snapshot.',
  'lvm-failed': 'LVM did not say anything of it.',
  'thin-pool': 'It is a thin pool: room that its volumes share.',
  internal: 'It is a part of how LVM makes a volume.',
  'own-snapshot': 'Holdfast made this snapshot, to know what changes until the next backup.',
  'invalid-snapshot': 'The snapshot ran out of room and holds nothing any more.',
  'holds-volumes': 'It is a disk of a volume group.',
  'raid-member': 'It is one of the disks of an array.',
  extended: 'It is an extended partition and holds nothing but others.',
  swap: 'Swap holds nothing to keep.',
}

/** What to do, as an advice. */
export const choiceWords: Record<WayChoice, string> = {
  volumes: 'Back up the volumes in it; they are listed below it.',
  contents: 'Back up what is unlocked in it; it is listed below it.',
  array: 'Back up the array; it is listed below its disks.',
  unmount: 'Unmount it for the time of the backup.',
  'shrink-volume': 'Make a volume of the group smaller (lvreduce --resizefs).',
  'remove-volume': 'Remove a volume or snapshot that is not needed (lvremove).',
  'add-disk': 'Add a disk or partition to the group (vgextend).',
  'grow-pool': 'Make the pool larger (lvextend).',
  'connect-disks': 'Connect the missing disk.',
  'disconnect-copy': 'Disconnect the copy, or give it an identity of its own (vgimportclone).',
  'import-group': 'Import the group (vgimport).',
  'install-lvm': 'Install the package lvm2.',
  'as-root': 'Run this as root to see.',
  'read-in-use': 'Read it while it is in use; parts of a version may then belong to different moments.',
}

/** What a listing could not find out. */
export const noteWords = {
  'lvm-not-installed': 'There are disks or volumes of LVM, but LVM is not installed: install the package lvm2.',
  'lvm-needs-root':
    'Only root may ask LVM: free room, thin pools and snapshots are not shown. Run this as root to see them.',
  'lvm-failed': 'LVM did not answer: free room, thin pools and snapshots are not shown. Try: lvs -a',
  'usage-unknown': 'How full a file system is shows only while it is mounted.',
} as const
