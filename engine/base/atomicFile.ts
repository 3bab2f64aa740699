import { type FileHandle, open, rename, rm, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { HoldfastError, throwIfAborted } from '../contract/errors.ts'
import { DirectFile } from './directFile.ts'

/** One call to the kernel writes at most this much, so that a cancelled write ends soon. */
const batchBytes = 4 * 1024 * 1024
/** Linux takes no more parts than this in one writev (IOV_MAX). */
const batchParts = 1024

export interface CreateOptions {
  /** Permission bits, before the umask. */
  mode: number
  signal?: AbortSignal | undefined
  /** Around the page cache, as far as that goes: for much data that will not be read again soon. */
  direct?: boolean
  /** Called when the file is there and empty; when it rejects, nothing is written and the file is removed. */
  beforeFirstByte?: () => Promise<void>
}

/**
 * Creates `path`, which must not exist, writes the parts without copying them, and flushes them to the medium. The name
 * itself is only durable after syncFolder. On failure or cancellation (`run.cancelled`) nothing is left under `path`.
 * Errors of the file system pass untranslated.
 */
export async function createSynced(path: string, parts: readonly Uint8Array[], options: CreateOptions): Promise<void> {
  const file = await open(path, 'wx', options.mode)
  try {
    try {
      await options.beforeFirstByte?.()
      const direct = options.direct ? await writeDirect(file, parts) : 0
      await writeAll(file, withoutFirst(parts, direct), { position: direct, signal: options.signal })
      await file.sync()
    } catch (error) {
      await file.close().catch(() => undefined)
      throw error
    }
    // Network file systems report a full disk as late as here.
    await file.close()
  } catch (error) {
    await unlink(path).catch(() => undefined)
    throw error
  }
}

/**
 * Puts a small file of this user alone in the place of what is at `path`: the old one or the new one is there after a crash, and the new one
 * once this resolves. By one writer at a time; `path` with ".new" is used on the way, and what a crash left there is replaced.
 */
export async function replaceSynced(path: string, text: string): Promise<void> {
  const fresh = `${path}.new`
  await rm(fresh, { force: true })
  await createSynced(fresh, [Buffer.from(text)], { mode: 0o600 })
  await rename(fresh, path)
  await syncFolder(dirname(path))
}

/** Makes the names in a folder durable: what was created, renamed and removed in it. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } catch (error) {
    // Some network file systems have no such call; their servers order the changes themselves.
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'EINVAL' && code !== 'ENOTSUP') throw error
  } finally {
    await folder.close()
  }
}

/** Writes the beginning of the first part; returns how much. */
async function writeDirect(file: FileHandle, [first]: readonly Uint8Array[]): Promise<number> {
  const direct = first && (await DirectFile.open(file))
  if (!direct) return 0
  try {
    return await direct.write(first, 0)
  } finally {
    await direct.close()
  }
}

/** Writes all parts one after the other from `position` on, which is 0 if not given. */
export async function writeAll(
  file: FileHandle,
  parts: readonly Uint8Array[],
  options: { position?: number; signal?: AbortSignal | undefined } = {},
): Promise<void> {
  let position = options.position ?? 0
  for (const batch of batchesOf(parts)) {
    let rest = batch
    while (rest.length > 0) {
      throwIfAborted(options.signal)
      const { bytesWritten } = await file.writev(rest, position)
      // The kernel reports an error instead; without this, a broken file system would keep us here for ever.
      if (bytesWritten === 0) throw new HoldfastError('storage.failed', 'A write took no bytes.', { retryable: true })
      rest = withoutFirst(rest, bytesWritten)
      position += bytesWritten
    }
  }
}

/** Groups the parts for writev: views of the same memory, in order, empty ones left out. */
export function* batchesOf(
  parts: readonly Uint8Array[],
  maxBytes = batchBytes,
  maxParts = batchParts,
): Generator<Uint8Array[]> {
  let batch: Uint8Array[] = []
  let room = maxBytes
  for (const part of parts) {
    let start = 0
    while (start < part.length) {
      const piece = part.subarray(start, start + room)
      batch.push(piece)
      start += piece.length
      room -= piece.length
      if (room === 0 || batch.length === maxParts) {
        yield batch
        batch = []
        room = maxBytes
      }
    }
  }
  if (batch.length > 0) yield batch
}

/** What is left of `parts` after their first `bytes` bytes. */
export function withoutFirst(parts: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skip = bytes
  let index = 0
  while (index < parts.length && skip >= parts[index]!.length) skip -= parts[index++]!.length
  const rest = parts.slice(index)
  if (skip > 0 && rest.length > 0) rest[0] = rest[0]!.subarray(skip)
  return rest
}
