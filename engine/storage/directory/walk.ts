import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { throwIfAborted } from '../../contract/errors.ts'
import { isNameSegment } from '../names.ts'
import type { ObjectInfo } from '../storage.ts'
import { errnoName } from './errors.ts'

/** How many files are looked at together: enough to keep a network file system busy. */
const batchFiles = 64
/** How many folders are listed together; packs lie in 256 of them. */
const batchFolders = 16

/**
 * All files in `folder` (relative to `root`, '' for the root itself) and below whose own name is accepted, in no order, the
 * names of a few folders in memory at a time. Symbolic links are followed, as opening the same name does. Files and folders
 * that vanish meanwhile are left out. Errors of the file system pass untranslated.
 */
export async function* walkFiles(
  root: string,
  folder: string,
  accept: (fileName: string) => boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<ObjectInfo> {
  const pending = [folder]
  while (pending.length > 0) {
    throwIfAborted(signal)
    const listed = await Promise.all(pending.splice(-batchFolders).map(list))
    const files = listed.flat()
    for (let at = 0; at < files.length; at += batchFiles) yield* look(files.slice(at, at + batchFiles))
  }

  /** Names of files that are accepted; folders are put aside. */
  async function list(current: string): Promise<string[]> {
    const files: string[] = []
    for (const entry of await entriesOf(join(root, current))) {
      const name = current === '' ? entry.name : `${current}/${entry.name}`
      if (entry.isDirectory()) {
        if (isNameSegment(entry.name)) pending.push(name)
      } else if (accept(entry.name)) files.push(name)
    }
    return files
  }

  async function* look(names: readonly string[]): AsyncGenerator<ObjectInfo> {
    const found = await Promise.all(names.map(name => statIfThere(join(root, name))))
    for (const [index, info] of found.entries()) {
      throwIfAborted(signal)
      const name = names[index]!
      if (info?.isFile()) yield { name, sizeBytes: info.size, modifiedAt: Math.floor(info.mtimeMs) }
      else if (info?.isDirectory()) pending.push(name)
    }
  }
}

/** Size and time of whatever is at `path`; undefined when there is nothing. */
export async function statIfThere(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** What is in a folder; nothing when it is not there. */
async function entriesOf(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true })
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

/** True when a system call failed because the name, or a folder of it, does not exist. */
export function isMissing(error: unknown): boolean {
  const code = errnoName(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}
