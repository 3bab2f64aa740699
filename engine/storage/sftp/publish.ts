import { throwIfAborted } from '../../contract/errors.ts'
import type { PutOptions } from '../storage.ts'
import { isMissing, status } from './errors.ts'
import { type SftpSession, statusOf } from './session.ts'
import { writeParts } from './transfer.ts'

/**
 * Nobody may write to an object, not even its owner, so that a login which may add only cannot change what is there. Whoever
 * may remove can still remove and replace.
 */
const objectMode = 0o400

export interface PutRequest {
  temporary: string
  path: string
  parts: readonly Uint8Array[]
  overwrite: boolean
  signal: AbortSignal | undefined
  /** Told of bytes that the server has confirmed. */
  onSent?: PutOptions['onSent']
}

/** The name is there, and the server does not let it be replaced. */
export class ReplaceRefused extends Error {}

/**
 * Writes an object under a temporary name, flushes it and gives it its name. Returns false, and leaves everything as it was, when
 * the name is taken. Errors of the server pass untranslated.
 *
 * A flush after the naming brings the name to the disk as well: a server has no call to flush a folder, but the usual file systems
 * flush with a file the changes to its names (ext4, XFS, btrfs). Servers without fsync@openssh.com decide themselves when
 * what they confirmed is on the disk.
 */
export async function putObject(session: SftpSession, request: PutRequest): Promise<boolean> {
  const { temporary, path, parts, overwrite, signal, onSent } = request
  const flushes = session.has('fsync')
  const [handle, isTaken] = await both(
    session.open(temporary, 'wx', objectMode),
    overwrite ? Promise.resolve(false) : exists(session, path),
  )
  let isOpen = true
  const close = async () => {
    isOpen = false
    await session.close(handle)
  }
  let published = false
  try {
    if (isTaken) return false
    await writeParts(session, handle, parts, { signal, onSent })
    if (flushes) await session.fsync(handle)
    // Without a flush, a full disk may be told as late as here.
    else await close()
    throwIfAborted(signal)
    if (overwrite) await replace(session, temporary, path)
    else if (!(await create(session, temporary, path))) return false
    published = true
    if (flushes) await session.fsync(handle)
    return true
  } finally {
    const tidy = [isOpen ? close() : undefined, published ? undefined : session.unlink(temporary)]
    await Promise.allSettled(tidy)
  }
}

/** Both or the error of the first; when only that fails, nothing is left behind by the second. */
async function both<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  const [a, b] = await Promise.allSettled([first, second])
  if (a.status === 'rejected') throw a.reason
  if (b.status === 'rejected') throw b.reason
  return [a.value, b.value]
}

/** Returns false when the name is taken. Of several at once exactly one succeeds, where the server has hard links. */
async function create(session: SftpSession, temporary: string, path: string): Promise<boolean> {
  if (session.has('hardlink')) {
    try {
      await session.hardlink(temporary, path)
      // Where it may not be removed it stays, as a second name that takes no room.
      await session.unlink(temporary).catch(whenAnswered)
      return true
    } catch (error) {
      if (statusOf(error) === undefined) throw error
      if (await exists(session, path)) return false
      // A file system without hard links.
    }
  } else if (await exists(session, path)) return false
  return renameToFree(session, temporary, path)
}

/**
 * The rename of SFTP version 3 must fail when the new name is taken (draft-ietf-secsh-filexfer-02, section 6.5). Servers that do not
 * heed that are the reason for looking before; of two that put the same name at the same moment, both may then believe to have won.
 */
async function renameToFree(session: SftpSession, temporary: string, path: string): Promise<boolean> {
  try {
    await session.rename(temporary, path)
    return true
  } catch (error) {
    if (statusOf(error) === undefined || !(await exists(session, path))) throw error
    return false
  }
}

/**
 * In one step where the server has posix-rename@openssh.com. Elsewhere the old object is removed first: for as long as the next
 * request takes there is none, which readers are prepared for (sftp.ts looks again), and a break of the connection in that
 * moment leaves none. Only small records are ever replaced, and a repository keeps copies of those that matter.
 *
 * A login that may add only is refused both, but not a name that is free.
 */
async function replace(session: SftpSession, temporary: string, path: string): Promise<void> {
  try {
    if (session.has('posix-rename')) return await session.posixRename(temporary, path)
    if (await create(session, temporary, path)) return
    await session.unlink(path)
    await session.rename(temporary, path)
  } catch (error) {
    if (statusOf(error) !== status.permissionDenied) throw error
    throw new ReplaceRefused('', { cause: error })
  }
}

/** True when anything has that name. */
export async function exists(session: SftpSession, path: string): Promise<boolean> {
  try {
    await session.lstat(path)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

function whenAnswered(error: unknown): void {
  if (statusOf(error) === undefined) throw error
}
