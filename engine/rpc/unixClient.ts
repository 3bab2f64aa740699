import { lstat, realpath } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { type LinuxCalls, linux } from '../base/linux.ts'
import { HoldfastError } from '../contract/errors.ts'
import type { Contract, RpcClient } from '../contract/rpcContract.ts'
import type { Channel } from './channel.ts'
import { connectClient, type RpcClientOptions } from './client.ts'
import { descriptorOf } from './peer.ts'
import { streamChannel } from './streamChannel.ts'

export interface UnixSocketOptions {
  path: string
  /** Users besides root whose helper is trusted: the own one for a helper without privileges. */
  trustedUids?: readonly number[]
  linux?: LinuxCalls
}

export interface UnixConnectOptions extends RpcClientOptions, UnixSocketOptions {}

/** Connects to a helper at a Unix socket. Fails as openUnixChannel and connectClient do. */
export async function connectUnix<C extends Contract>(contract: C, options: UnixConnectOptions): Promise<RpcClient<C>> {
  return connectClient(contract, await openUnixChannel(options), options)
}

/**
 * Opens a Unix socket, which must belong to root or a trusted user, like every folder above it, and says nothing yet.
 * `helper.unreachable` when no helper runs there (details: {cause}, a code such as ENOENT), `helper.untrusted` when it is
 * not safe.
 */
export async function openUnixChannel(options: UnixSocketOptions): Promise<Channel> {
  const trusted = [0, ...(options.trustedUids ?? [])]
  await checkSocket(options.path, trusted)
  const socket = await openSocket(options.path)
  // The path may have changed since it was looked at; the kernel knows who listens.
  const server = (options.linux ?? linux).socketPeer(descriptorOf(socket))
  if (server !== 'unsupported' && !trusted.includes(server.uid)) {
    socket.destroy()
    throw untrusted(options.path, `user ${server.uid} answers there`)
  }
  return streamChannel(socket, socket)
}

async function openSocket(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    const fail = (error: NodeJS.ErrnoException) => reject(unreachable(path, error.code ?? error.message))
    socket.once('error', fail)
    socket.once('connect', () => {
      socket.off('error', fail)
      resolve(socket)
    })
  })
}

/** Fails unless only root and `trusted` can have made the socket and can put another one in its place. */
async function checkSocket(path: string, trusted: readonly number[]): Promise<void> {
  const folder = await realpath(dirname(path)).catch((error: NodeJS.ErrnoException) => {
    throw unreachable(path, error.code ?? error.message)
  })
  const facts = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    throw unreachable(path, error.code ?? error.message)
  })
  if (!facts.isSocket()) throw untrusted(path, 'it is no socket')
  if (!trusted.includes(facts.uid)) throw untrusted(path, `it belongs to user ${facts.uid}`)
  for (let place = folder; ; place = join(place, '..')) {
    const { uid, gid, mode } = await lstat(place)
    if (!trusted.includes(uid)) throw untrusted(path, `the folder ${place} belongs to user ${uid}`)
    // The socket's own folder was made for it and has no excuse.
    const writers = place === folder ? mode & 0o022 : writersOf({ uid, gid, mode })
    if (writers !== 0) throw untrusted(path, `others may write to the folder ${place}`)
    if (place === '/') return
  }
}

/** Mode bits of those who could move what is in a folder and are not its owner. */
function writersOf({ uid, gid, mode }: { uid: number; gid: number; mode: number }): number {
  // In a sticky folder such as /tmp nobody can move what belongs to others.
  if ((mode & 0o1000) !== 0) return 0
  // Where every user has a group to themselves, by convention of the same number, homes are often writable by it.
  return mode & (gid === uid || gid === 0 ? 0o002 : 0o022)
}

function unreachable(path: string, code: string): HoldfastError {
  const denied = code === 'EACCES' || code === 'EPERM'
  return new HoldfastError('helper.unreachable', `The background service cannot be reached at ${path} (${code}).`, {
    advice: denied
      ? 'Ask whoever set this computer up for the right to use the socket.'
      : 'Start it: "sudo systemctl start holdfast".',
    details: { path, cause: code },
    retryable: !denied,
  })
}

function untrusted(path: string, why: string): HoldfastError {
  return new HoldfastError('helper.untrusted', `The socket ${path} is not safe: ${why}.`, {
    advice: 'Nothing was sent to it. Find out who made it, and remove it.',
    details: { path },
  })
}
