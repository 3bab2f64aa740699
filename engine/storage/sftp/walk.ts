import type { FileEntryWithStats, Stats } from 'ssh2'
import { throwIfAborted } from '../../contract/errors.ts'
import { isNameSegment } from '../names.ts'
import type { ObjectInfo } from '../storage.ts'
import { isMissing } from './errors.ts'
import type { SftpSession } from './session.ts'

/** How many folders are listed together; packs lie in 256 of them. */
const batchFolders = 16

/**
 * All files in `folder` (relative to `root`, '' for the root itself) and below whose own name is accepted, in no order.
 * Symbolic links are followed. What vanishes meanwhile is left out. Errors of the server pass untranslated.
 */
export async function* walkFiles(
  session: SftpSession,
  root: string,
  folder: string,
  accept: (fileName: string) => boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<ObjectInfo> {
  const pending = [folder]
  while (pending.length > 0) {
    throwIfAborted(signal)
    const listed = await Promise.all(pending.splice(-batchFolders).map(list))
    for (const info of listed.flat()) {
      throwIfAborted(signal)
      yield info
    }
  }

  /** Files that are accepted; folders are put aside. */
  async function list(current: string): Promise<ObjectInfo[]> {
    const found = await Promise.all(
      (await entriesOf(session, `${root}/${current}`)).map(async ({ filename, attrs }) => {
        const name = current === '' ? filename : `${current}/${filename}`
        const isPlain = attrs.isFile() || attrs.isDirectory()
        const stats = isPlain ? attrs : await statIfThere(session, `${root}/${name}`)
        if (stats?.isDirectory()) {
          if (isNameSegment(filename)) pending.push(name)
          return undefined
        }
        return stats?.isFile() && accept(filename) ? infoOf(name, stats) : undefined
      }),
    )
    return found.filter(info => info !== undefined)
  }
}

/** SFTP version 3 tells times in seconds. */
export function infoOf(name: string, stats: Stats): ObjectInfo {
  return { name, sizeBytes: stats.size, modifiedAt: stats.mtime * 1000 }
}

/** What is in a folder; nothing when it is not there. */
export async function entriesOf(session: SftpSession, path: string): Promise<FileEntryWithStats[]> {
  try {
    return await session.readdir(path)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

export async function statIfThere(session: SftpSession, path: string): Promise<Stats | undefined> {
  try {
    return await session.stat(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
