import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { bash } from './diskImages.ts'
import { noLoopDevices } from './loopDevice.ts'
import { missingProgram } from './programs.ts'

export const MiB = 1024 * 1024

const missing = ['nbdfuse', 'getfattr', 'qemu-io'].map(missingProgram).find(why => why !== undefined)
/** Why files of versions cannot be looked at here; undefined when they can. */
export const whyNoFiles = noLoopDevices ?? missing ?? (existsSync('/dev/fuse') ? undefined : 'there is no /dev/fuse')

export interface DiskWithFiles {
  /** Its bytes: a GPT, and an ext4 at 1 MiB. */
  content: Buffer
  /** Of home/anna. */
  manifest: string
}

/** A disk with the tree of tree.sh, made once for all tests of a file. */
export function useDiskWithFiles(): DiskWithFiles {
  const disk: DiskWithFiles = { content: Buffer.alloc(0), manifest: '' }
  let made = ''
  beforeAll(() => {
    if (whyNoFiles !== undefined) return
    made = mkdtempSync(join(tmpdir(), 'holdfast-'))
    const image = join(made, 'disk.img')
    writeFileSync(image, '')
    truncateSync(image, 66 * MiB)
    execFileSync('sfdisk', ['--quiet', image], { input: 'label: gpt\nsize=64M,type=L\n' })
    disk.manifest = bash(
      `folder=$(mktemp -d)
     loop=$(losetup --find --show --offset $2 --sizelimit $3 "$1")
     trap 'losetup --detach $loop; rmdir $folder' EXIT
     mkfs.ext4 -q $loop
     mount $loop $folder
     make_tree $folder
     cp /bin/true $folder/home/anna/su; chmod 4755 $folder/home/anna/su
     manifest $folder/home/anna
     umount $folder`,
      ...[image, String(MiB), String(64 * MiB)],
    )
    disk.content = readFileSync(image)
  })
  afterAll(() => {
    if (made !== '') rmSync(made, { recursive: true })
  })
  return disk
}

/** All that attaching may leave behind, of what a test has made in its folder. */
export const leftovers = (folder: string) => ({
  records: existsSync(join(folder, 'state/attachments')) ? readdirSync(join(folder, 'state/attachments')) : [],
  mounts: readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .filter(line => line.includes(folder)),
  loops: readdirSync('/sys/block').filter(name =>
    existsSync(`/sys/block/${name}/loop/backing_file`)
      ? readFileSync(`/sys/block/${name}/loop/backing_file`, 'utf8').includes(folder)
      : false,
  ),
  programs: readdirSync('/proc').filter(pid => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false
    try {
      return (
        /nbdfuse|nbd-client/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8')) &&
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder)
      )
    } catch {
      return false
    }
  }),
})
const nothing = { records: [], mounts: [], loops: [], programs: [] }
/** Waits until all of that is gone. */
export const nothingLeft = (folder: string) =>
  expect.poll(() => leftovers(folder), { timeout: 60_000 }).toEqual(nothing)
