import { execFileSync } from 'node:child_process'
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Images of disks with real partitions, volume groups and file systems, made without device-mapper. */

const treeScript = join(import.meta.dirname, 'tree.sh')

/** Runs bash with the functions of tree.sh; answers with what it prints. */
export const bash = (script: string, ...args: string[]): string =>
  execFileSync('bash', ['-c', `set -euo pipefail; . ${treeScript}; ${script}`, 'bash', ...args], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, LC_ALL: 'C', LVM_SUPPRESS_FD_WARNINGS: '1' },
  })

/** What is to be said of a tree, to be compared with another. */
export const manifestOf = (folder: string): string => bash('manifest "$1"', folder)

const mib = 1024 * 1024

/**
 * A disk with a GPT: p1 ext4, p2 xfs, p3 btrfs, p4 a physical volume with the group "vg-a", whose volume "root" lies in one piece (ext4)
 * and "torn" in two (empty). All file systems hold the same tree; answers with its description by the name of the volume.
 */
export function makeDiskOfAllKinds(image: string): Record<string, string> {
  writeFileSync(image, '')
  truncateSync(image, 800 * mib)
  execFileSync('sfdisk', ['--quiet', image], {
    input:
      'label: gpt\nsize=64M,type=L\nsize=320M,type=L\nsize=128M,type=L\nsize=200M,type=E6D6D379-F507-44C2-A23C-238F2A3DF928\n',
  })
  // Starts follow each other from 1 MiB on.
  const starts = { p1: 1, p2: 65, p3: 385, p4: 513 }
  const sizes = { p1: 64, p2: 320, p3: 128, p4: 200 }
  const make = { p1: 'mkfs.ext4 -q -L system', p2: 'mkfs.xfs -q', p3: 'mkfs.btrfs -q' }
  const manifests: Record<string, string> = {}
  for (const name of ['p1', 'p2', 'p3'] as const) {
    manifests[name] = fillPart(image, starts[name] * mib, sizes[name] * mib, make[name])
  }
  bash(
    `loop=$(losetup --find --show --offset ${starts.p4 * mib} --sizelimit ${sizes.p4 * mib} "$1")
     trap 'losetup --detach $loop' EXIT
     lvm="--driverloaded n --devices $loop --quiet --yes"
     { pvcreate $lvm $loop; vgcreate $lvm vg-a $loop
     for volume in "root 64M" "torn 8M" "between 8M"; do
       set -- $volume
       lvcreate $lvm --activate n --zero n --wipesignatures n --size $2 --name $1 vg-a
     done
     lvextend $lvm --size 16M vg-a/torn; } >/dev/null 2>&1`,
    image,
  )
  // LVM begins at 1 MiB, and the first volume there.
  manifests['vg-a/root'] = fillPart(image, (starts.p4 + 1) * mib, 64 * mib, 'mkfs.ext4 -q')
  return manifests
}

/** Makes a file system in a part of an image and fills it. */
function fillPart(image: string, offset: number, length: number, make: string): string {
  return bash(
    `folder=$(mktemp -d)
     loop=$(losetup --find --show --offset $2 --sizelimit $3 "$1")
     trap 'losetup --detach $loop; rmdir $folder' EXIT
     ${make} $loop >/dev/null
     mount $loop $folder
     make_tree $folder
     manifest $folder
     umount $folder`,
    image,
    String(offset),
    String(length),
  )
}
