import { chmod, lstat, mkdtemp, rename, rmdir, unlink } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { dirname, join } from 'node:path'

/** What is at the path of a socket: nothing, a socket that nobody serves, one that somebody serves, or no socket at all. */
export type SocketState = 'missing' | 'stale' | 'alive' | 'other'

/** Looks, and asks a socket by connecting to it. */
export async function socketState(path: string): Promise<SocketState> {
  const facts = await lstat(path).catch(() => undefined)
  if (facts === undefined) return 'missing'
  if (!facts.isSocket()) return 'other'
  return new Promise(resolve => {
    const socket = connect(path)
    socket.on('connect', () => {
      socket.destroy()
      resolve('alive')
    })
    // Refused: nobody has it open. Anything else (a full queue, no permission) means that somebody does.
    socket.on('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ECONNREFUSED' ? 'stale' : error.code === 'ENOENT' ? 'missing' : 'alive'),
    )
  })
}

/**
 * Lets a server listen at a path, in the place of whatever socket is there. It is made in a folder that nobody else can enter,
 * and moved to its place with its permissions. Returns its inode. Errors are those of the system, with the server closed.
 */
export async function listenAt(server: Server, path: string, mode: number): Promise<number> {
  const cradle = await mkdtemp(join(dirname(path), '.new-'))
  const young = join(cradle, 's')
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(young, () => {
        server.off('error', reject)
        resolve()
      })
    })
    await chmod(young, mode)
    const { ino } = await lstat(young)
    await rename(young, path)
    return ino
  } catch (error) {
    server.close()
    await unlink(young).catch(() => {})
    throw error
  } finally {
    await rmdir(cradle).catch(() => {})
  }
}

/** Removes a socket when it is still the one that was made. */
export async function removeSocket(path: string, inode: number): Promise<void> {
  const facts = await lstat(path).catch(() => undefined)
  if (facts?.ino === inode) await unlink(path).catch(() => {})
}
