import { constants } from 'node:fs'
import { open, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { createSynced, syncFolder } from '../base/atomicFile.ts'
import { HoldfastError } from '../contract/errors.ts'

const settingsAreWrong = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS', 'EISDIR', 'ELOOP', 'ENAMETOOLONG'])

/**
 * Replaces `path` (absolute, ends in .prom) by `text` in one step, readable by everybody, so that a collector sees the old
 * file or the new one. One writer at a time. Fails with `config.invalid` when the folder is missing or may not be written,
 * and otherwise with `storage.failed`, which can be retried; the old file is then still there.
 */
export async function writePrometheusFile(path: string, text: string): Promise<void> {
  // The node exporter reads all that ends in .prom, so this does not.
  const temporary = join(dirname(path), `.${basename(path)}.new`)
  try {
    // Left by one that was killed.
    await unlink(temporary).catch(ignoreMissing)
    await createSynced(temporary, [Buffer.from(text)], { mode: 0o644 })
    await makeReadable(temporary)
    await rename(temporary, path)
    await syncFolder(dirname(path))
  } catch (error) {
    await unlink(temporary).catch(() => undefined)
    const { code } = error as NodeJS.ErrnoException
    const wrong = code !== undefined && settingsAreWrong.has(code)
    throw new HoldfastError(
      wrong ? 'config.invalid' : 'storage.failed',
      `${path} cannot be written: ${code ?? error}.`,
      {
        advice: wrong ? 'Check that its folder exists and belongs to root.' : 'Check the room on that file system.',
        details: { path, errno: code },
        retryable: !wrong,
        cause: error,
      },
    )
  }
}

/** Whatever the umask took away. Through a handle that follows no link, so that no other file can be hit. */
async function makeReadable(path: string): Promise<void> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    await file.chmod(0o644)
  } finally {
    await file.close()
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
