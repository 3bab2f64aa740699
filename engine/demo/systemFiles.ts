import { access, constants, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { blockBytes, isPlainName } from './e2fs.ts'
import { shuffledBy } from './seededRandom.ts'

/** A file of this machine that can be put into an image. */
export interface HostFile {
  path: string
  sizeBytes: number
}

/** Files of one folder that are taken or left together. */
export interface HostGroup {
  directory: string
  /** Number of the group in its folder. */
  part: number
  names: string[]
}

/** Folders with more files than this are cut into several groups, so that no single choice decides the image. */
const groupFiles = 48

/**
 * Regular files below `root` by folder, sorted by path. Folders that may not be read are left out, and so are Python's
 * caches, which come and go with what was run last.
 */
export async function listGroups(root: string): Promise<HostGroup[]> {
  const groups: HostGroup[] = []
  const pending = [root]
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
    const names: string[] = []
    for (const entry of entries) {
      if (!isPlainName(entry.name) || entry.name === '__pycache__') continue
      if (entry.isDirectory()) pending.push(join(directory, entry.name))
      else if (entry.isFile()) names.push(entry.name)
    }
    names.sort()
    for (let at = 0; at < names.length; at += groupFiles) {
      groups.push({ directory, part: at / groupFiles, names: names.slice(at, at + groupFiles) })
    }
  }
  return groups.sort((a, b) => (groupKey(a) < groupKey(b) ? -1 : 1))
}

const groupKey = (group: HostGroup): string => `${group.directory} ${group.part}`

/**
 * Takes group after group in random order until `budgetBytes` (counted in whole blocks) are used up to the last
 * hundredth, or `maxFiles` are chosen; a file that does not fit any more is passed over. The choice depends on the seed
 * and on the files of this machine only. Files larger than an eighth of the budget are passed over too, so that a small
 * image still holds many files. Returns fewer bytes than asked for when the machine has no more.
 */
export async function chooseFiles(
  groups: readonly HostGroup[],
  seed: string | number,
  budgetBytes: number,
  maxFiles: number,
): Promise<HostFile[]> {
  const chosen: HostFile[] = []
  const inodes = new Set<number>()
  let left = budgetBytes
  for (const group of shuffledBy(seed, groups, groupKey)) {
    for (const name of group.names) {
      const path = join(group.directory, name)
      const info = await stat(path).catch(() => undefined)
      if (!info?.isFile() || info.size === 0 || info.size > budgetBytes / 8) continue
      // Further names of one file (git has a hundred of them) are no further data.
      if (info.nlink > 1 && inodes.has(info.ino)) continue
      const file = { path, sizeBytes: info.size }
      if (chosen.length >= maxFiles || left < budgetBytes / 100) return chosen
      if (takenBytes([file]) > left) continue
      if (!(await isReadable(path))) continue
      inodes.add(info.ino)
      left -= takenBytes([file])
      chosen.push(file)
    }
  }
  return chosen
}

/** Bytes that the blocks of these files take in a file system. */
export const takenBytes = (files: readonly HostFile[]): number =>
  files.reduce((sum, file) => sum + Math.ceil(file.sizeBytes / blockBytes) * blockBytes, 0)

const isReadable = (path: string): Promise<boolean> =>
  access(path, constants.R_OK).then(
    () => true,
    () => false,
  )
