import type { Dir } from 'node:fs'
import { opendir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { throwIfAborted } from '../../contract/errors.ts'
import { isNameSegment } from '../names.ts'
import type { ObjectInfo } from '../storage.ts'
import { errnoName } from './errors.ts'

/** How many files are looked at together: enough to keep a network file system busy. */
const batchFiles = 64

/**
 * All files in `folder` (relative to `root`, '' for the root itself) and below whose own name is accepted, in no order, one
 * batch in memory at a time. Symbolic links are followed, as opening the same name does. Files and folders that vanish meanwhile are left
 * out. Errors of the file system pass untranslated.
 */
export async function* walkFiles(
  root: string,
  folder: string,
  accept: (fileName: string) => boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<ObjectInfo> {
  const pending = [folder]
  for (let current = pending.pop(); current !== undefined; current = pending.pop()) {
    throwIfAborted(signal)
    const directory = await openFolder(join(root, current))
    if (directory === undefined) continue
    const batch: string[] = []
    for await (const entry of directory) {
      const name = current === '' ? entry.name : `${current}/${entry.name}`
      if (entry.isDirectory()) {
        if (isNameSegment(entry.name)) pending.push(name)
      } else if (accept(entry.name)) batch.push(name)
      if (batch.length >= batchFiles) yield* look(batch.splice(0))
    }
    yield* look(batch)
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

async function openFolder(path: string): Promise<Dir | undefined> {
  try {
    return await opendir(path, { bufferSize: 256 })
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** True when a system call failed because the name, or a folder of it, does not exist. */
export function isMissing(error: unknown): boolean {
  const code = errnoName(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}
