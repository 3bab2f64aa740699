import type { Command } from 'commander'
import type { Cli } from './cli.ts'

/** What a file in commands/ exports: arguments, options, help and action of one verb. It must load fast; engines wait. */
export interface VerbFile {
  define(command: Command, cli: Cli): void
}

export interface Verb {
  name: string
  /** One line in the overview. */
  summary: string
  load(): Promise<VerbFile>
}

/** All verbs, in the groups and the order of the overview. Only the file of the verb that is run gets loaded. */
export const verbGroups: readonly { heading: string; verbs: readonly Verb[] }[] = [
  {
    heading: 'Back up and restore:',
    verbs: [
      {
        name: 'devices',
        summary: 'list disks and volumes, and how to back them up',
        load: () => import('./commands/devices.ts'),
      },
      { name: 'init', summary: 'make a new repository', load: () => import('./commands/init.ts') },
      { name: 'backup', summary: 'back up a disk, volume or image file', load: () => import('./commands/backup.ts') },
      { name: 'versions', summary: 'list what has been backed up', load: () => import('./commands/versions.ts') },
      { name: 'show', summary: 'show all that is known of a version', load: () => import('./commands/show.ts') },
      { name: 'restore', summary: 'write a version to a file or disk', load: () => import('./commands/restore.ts') },
      { name: 'copy', summary: 'copy versions to another repository', load: () => import('./commands/copy.ts') },
      {
        name: 'overlays',
        summary: 'keep or discard what was written to versions',
        load: () => import('./commands/overlays.ts'),
      },
      { name: 'nbd', summary: 'serve versions as disks to other programs', load: () => import('./commands/nbd.ts') },
    ],
  },
  {
    heading: 'Look into versions:',
    verbs: [
      {
        name: 'files',
        summary: 'list volumes, folders and files of a version',
        load: () => import('./commands/files.ts'),
      },
      { name: 'extract', summary: 'copy files out of a version', load: () => import('./commands/extract.ts') },
      { name: 'mount', summary: 'show the files of a version at a folder', load: () => import('./commands/mount.ts') },
      { name: 'unmount', summary: 'take them away from there', load: () => import('./commands/unmount.ts') },
    ],
  },
  {
    heading: 'Keep and remove versions:',
    verbs: [
      { name: 'enforce', summary: 'remove what a policy does not keep', load: () => import('./commands/enforce.ts') },
      { name: 'rm', summary: 'remove versions', load: () => import('./commands/rm.ts') },
      { name: 'prune', summary: 'free the space of removed versions', load: () => import('./commands/prune.ts') },
      { name: 'protect', summary: 'guard versions against removal', load: () => import('./commands/protect.ts') },
      { name: 'unprotect', summary: 'let versions be removed again', load: () => import('./commands/unprotect.ts') },
      {
        name: 'lock',
        summary: 'extend locks that keep everybody from removing',
        load: () => import('./commands/lock.ts'),
      },
      { name: 'label', summary: 'set and remove labels of a version', load: () => import('./commands/label.ts') },
    ],
  },
  {
    heading: 'Look after the repository:',
    verbs: [
      { name: 'scrub', summary: 'check what is stored for damage', load: () => import('./commands/scrub.ts') },
      { name: 'repair', summary: 'make a damaged repository usable', load: () => import('./commands/repair.ts') },
      { name: 'stats', summary: 'show what the repository holds', load: () => import('./commands/stats.ts') },
      { name: 'key', summary: 'add, list and remove keys', load: () => import('./commands/key.ts') },
      {
        name: 'cache',
        summary: 'limit what is kept of repositories elsewhere',
        load: () => import('./commands/cache.ts'),
      },
    ],
  },
  {
    heading: 'Run by a schedule:',
    verbs: [
      { name: 'job', summary: 'make, list, change and run jobs', load: () => import('./commands/job.ts') },
      { name: 'run-due', summary: 'run what is due now, and end', load: () => import('./commands/runDue.ts') },
      { name: 'daemon', summary: 'run jobs by their schedules', load: () => import('./commands/daemon.ts') },
      { name: 'ui', summary: 'open the app in a browser', load: () => import('./commands/ui.ts') },
      { name: 'check', summary: 'say whether all jobs are well', load: () => import('./commands/check.ts') },
      { name: 'notices', summary: 'send messages about failures', load: () => import('./commands/notices.ts') },
      {
        name: 'attachments',
        summary: 'list what of backups is attached, or detach it',
        load: () => import('./commands/attachments.ts'),
      },
      {
        name: 'tracking',
        summary: 'list or remove kept snapshots of volumes',
        load: () => import('./commands/tracking.ts'),
      },
      { name: 'eject', summary: 'make a drive ready to be unplugged', load: () => import('./commands/eject.ts') },
    ],
  },
  {
    heading: 'Help:',
    verbs: [
      { name: 'doctor', summary: 'check that this computer is ready', load: () => import('./commands/doctor.ts') },
      { name: 'demo', summary: 'try it all out on a disk made for it', load: () => import('./commands/demo.ts') },
      { name: 'completion', summary: 'make a shell complete commands', load: () => import('./commands/completion.ts') },
    ],
  },
]

export const verbs: readonly Verb[] = verbGroups.flatMap(group => group.verbs)
