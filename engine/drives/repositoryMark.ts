import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * What makes a folder a repository, as docs/repository-format.md has it: the plain object `config`, which is also kept as a
 * copy. Nothing here is proof, for the drive may be anybody's; whoever opens the repository checks the MAC with the key.
 */

/** A real config has a few hundred bytes. */
export const largestConfigBytes = 64 * 1024

/** Id of the repository that a config belongs to, also of a newer format; undefined when it is none. */
export function repositoryIdIn(config: string): string | undefined {
  let json: unknown
  try {
    json = JSON.parse(config)
  } catch {
    return undefined
  }
  if (typeof json !== 'object' || json === null) return undefined
  const { format, repositoryId } = json as Record<string, unknown>
  if (format !== 'holdfast-repository' || typeof repositoryId !== 'string') return undefined
  return /^[0-9a-f]{32}$/.test(repositoryId) ? repositoryId : undefined
}

/** Id of the repository in a folder; undefined when there is none that can be read. Writes nothing, not even access times. */
export async function repositoryIdOf(folder: string): Promise<string | undefined> {
  for (const name of ['config', 'copies/config']) {
    const text = await readSmallFile(join(folder, name))
    const id = text === undefined ? undefined : repositoryIdIn(text)
    if (id !== undefined) return id
  }
  return undefined
}

/** Reads a regular file that is no symbolic link and has at most largestConfigBytes, whatever size it claims. */
async function readSmallFile(path: string): Promise<string | undefined> {
  // A pipe would not be opened, or read, before somebody writes to it.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const file = await open(path, flags | constants.O_NOATIME)
    // Only the owner may ask not to be noticed.
    .catch((error: NodeJS.ErrnoException) => (error.code === 'EPERM' ? open(path, flags) : undefined))
    .catch(() => undefined)
  if (file === undefined) return undefined
  try {
    if (!(await file.stat()).isFile()) return undefined
    const room = Buffer.alloc(largestConfigBytes + 1)
    let length = 0
    while (length < room.length) {
      const { bytesRead } = await file.read(room, length, room.length - length, length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    return length > largestConfigBytes ? undefined : room.toString('utf8', 0, length)
  } catch {
    return undefined
  } finally {
    await file.close().catch(() => undefined)
  }
}
