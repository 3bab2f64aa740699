import { lstat, open } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { basename, dirname } from 'node:path'
import { type LinuxCalls, linux } from '../base/linux.ts'
import type { Logger } from '../base/logger.ts'
import { listenAt, removeSocket, socketState } from '../base/unixSocket.ts'
import { HoldfastError } from '../contract/errors.ts'
import { type PeerProcess, processOfSocket } from './peer.ts'
import type { RpcServer } from './server.ts'
import { streamChannel } from './streamChannel.ts'

/** Something that takes connections for a server. */
export interface Listener {
  /** Takes no more; connections that are there go on. */
  close(): Promise<void>
}

export interface UnixListenOptions {
  /** Of the socket. Its folder must be there, belong to this user or root, and be writable by nobody else. */
  path: string
  /** Permissions of the socket, such as 0o666; who may do what is decided for each call. */
  mode: number
  log: Logger
  linux?: LinuxCalls
  /** Who is at the other end; asks the kernel unless given. */
  identify?: (socket: Socket) => PeerProcess
}

/** Above this, connections are cut without a word; below, the server tells those for whom it has no room. */
const mostSockets = 512

/**
 * Takes connections at a Unix socket. The socket appears under its name with its permissions already set, and takes the
 * place of one whose server has died. `helper.alreadyRunning` when another server lives there, `config.invalid` when the
 * folder is not safe or the path cannot be used.
 */
export async function listenUnix(server: RpcServer, options: UnixListenOptions): Promise<Listener> {
  const { path, log } = options
  const lock = await lockUnix(path, options.linux)
  try {
    const identify = options.identify ?? (socket => processOfSocket(socket))
    const net = createServer(socket => take(server, socket, identify, log))
    net.maxConnections = mostSockets
    net.on('error', error => log.error('the socket has failed', { path, error }))
    const inode = await listenAt(net, path, options.mode).catch((error: NodeJS.ErrnoException) => {
      throw unusable(path, `the socket cannot be made (${error.code})`)
    })
    return {
      async close() {
        net.close()
        await removeSocket(path, inode)
        await lock.close()
      },
    }
  } catch (error) {
    await lock.close()
    throw error
  }
}

/**
 * Keeps every other server from a socket, without making it: for one that serves in another way in its place. The same errors
 * as listenUnix, which takes this lock, too. It lasts until it is closed or the process ends, however that ends.
 */
export async function lockUnix(path: string, calls: LinuxCalls = linux): Promise<{ close(): Promise<void> }> {
  await checkFolder(dirname(path))
  // Of two that start at once only one gets further.
  const lock = await takeLock(path, calls)
  try {
    if (await isAlive(path)) throw alreadyRunning(path)
    return lock
  } catch (error) {
    await lock.close()
    throw error
  }
}

function take(server: RpcServer, socket: Socket, identify: (socket: Socket) => PeerProcess, log: Logger): void {
  try {
    const process = identify(socket)
    server.accept(streamChannel(socket, socket), { peer: { transport: 'unix', process } })
  } catch (error) {
    log.warn('a connection was refused', { error })
    socket.on('error', () => {})
    socket.destroy()
  }
}

/** In a folder that others can write, they could put their own socket in the place of ours. */
async function checkFolder(folder: string): Promise<void> {
  const facts = await lstat(folder).catch((error: NodeJS.ErrnoException) => {
    throw unusable(folder, `it cannot be looked at (${error.code})`)
  })
  if (!facts.isDirectory()) throw unusable(folder, 'it is no folder')
  const own = process.getuid?.() ?? 0
  if (facts.uid !== 0 && facts.uid !== own) throw unusable(folder, 'it belongs to another user')
  if ((facts.mode & 0o022) !== 0) throw unusable(folder, 'others may write to it')
}

async function takeLock(path: string, calls: LinuxCalls) {
  const file = await open(`${path}.lock`, 'a', 0o600).catch((error: NodeJS.ErrnoException) => {
    throw unusable(dirname(path), `its lock file cannot be opened (${error.code})`)
  })
  try {
    // Where locks are not offered, asking the socket has to do.
    if (calls.lockFile(file.fd) === 'taken') throw alreadyRunning(path)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Whether somebody takes connections there. `config.invalid` when it is something other than a socket. */
async function isAlive(path: string): Promise<boolean> {
  const state = await socketState(path)
  if (state === 'other') throw unusable(path, 'it is there and no socket')
  return state === 'alive'
}

function unusable(path: string, why: string): HoldfastError {
  return new HoldfastError('config.invalid', `${path} cannot be used for the socket: ${why}.`, {
    advice: 'Give it to the user of the background service and take the right to write from all others.',
    details: { path },
  })
}

function alreadyRunning(path: string): HoldfastError {
  return new HoldfastError('helper.alreadyRunning', `A background service is already running at ${path}.`, {
    advice: `Stop it first ("systemctl stop holdfast"), or use another socket than ${basename(path)}.`,
    details: { path },
  })
}
