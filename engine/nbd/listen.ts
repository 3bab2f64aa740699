import { lookup } from 'node:dns/promises'
import { type FileHandle, open } from 'node:fs/promises'
import { type AddressInfo, BlockList, createServer, type Server } from 'node:net'
import { dirname } from 'node:path'
import { type Clock, systemClock } from '../base/clock.ts'
import { type LinuxCalls, linux } from '../base/linux.ts'
import { listenAt, removeSocket, socketState } from '../base/unixSocket.ts'
import { HoldfastError } from '../contract/errors.ts'
import type { NbdServer } from './server.ts'

/** A place where a server takes connections. */
export interface Listener {
  /** What clients are given, with no name of an export: "nbd+unix:///?socket=/run/x", "nbd://127.0.0.1:10809". */
  uri(isEncrypted: boolean): string
  /** Takes no more; connections that are there go on. */
  close(): Promise<void>
}

/** sun_path of unix(7) without its NUL. */
const longestPath = 107
/** How long another server may take to begin in the same folder. */
const patienceMs = 5000

/**
 * Takes connections at a Unix socket that only this user can open. One that nobody serves any more is replaced; `config.inUse`
 * when somebody serves it, `config.invalid` when the path cannot be used.
 */
export async function listenUnix(
  server: NbdServer,
  path: string,
  { clock = systemClock, calls = linux }: { clock?: Clock; calls?: LinuxCalls } = {},
): Promise<Listener> {
  if (Buffer.byteLength(path) > longestPath) throw unusable(path, `a socket's path has at most ${longestPath} bytes`)
  // Of two that begin at the same time, the second finds the socket of the first.
  const folder = await lockFolder(path, clock, calls)
  try {
    const state = await socketState(path)
    if (state === 'other') throw unusable(path, 'something else is there')
    if (state === 'alive') throw inUse(`Somebody serves the socket ${path} already.`, { path })
    const net = netServer(server)
    const inode = await listenAt(net, path, 0o600).catch((error: NodeJS.ErrnoException) => {
      throw unusable(path, error.code ?? error.message)
    })
    return {
      uri: isEncrypted =>
        `nbd${isEncrypted ? 's' : ''}+unix:///?socket=${encodeURI(path).replace(/[?#&+]/g, encodeURIComponent)}`,
      async close() {
        net.close()
        await removeSocket(path, inode)
      },
    }
  } finally {
    await folder.close()
  }
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/**
 * Takes connections at a TCP port; 0 is any that is free. `access.denied` when other computers could reach it and that was not
 * asked for, `config.inUse` when the port is taken, `config.invalid` when there is no such address here.
 */
export async function listenTcp(
  server: NbdServer,
  { host, port, mayBeRemote }: { host: string; port: number; mayBeRemote: boolean },
): Promise<Listener> {
  const found = await lookup(host).catch(() => undefined)
  if (found === undefined) throw noAddress(host, 'it is not known')
  const { address, family } = found
  if (!mayBeRemote && !loopback.check(address, family === 6 ? 'ipv6' : 'ipv4')) {
    throw new HoldfastError('access.denied', `Other computers could reach ${host}.`, {
      advice: 'Listen at 127.0.0.1, or add --allow-remote if that is what you want; NBD asks nobody for a password.',
      details: { host, address },
    })
  }
  const net = netServer(server)
  await new Promise<void>((resolve, reject) => {
    net.once('error', reject)
    net.listen({ host: address, port }, () => {
      net.off('error', reject)
      resolve()
    })
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE') throw inUse(`Another program uses port ${port} of ${host}.`, { host, port })
    throw noAddress(host, error.code ?? error.message)
  })
  const bound = net.address() as AddressInfo
  const shown = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address
  return {
    uri: isEncrypted => `nbd${isEncrypted ? 's' : ''}://${shown}:${bound.port}`,
    close: async () => void net.close(),
  }
}

/** What a client asked for before it said goodbye is still done when it has closed its end, so ours stays open until then. */
function netServer(server: NbdServer): Server {
  const net = createServer({ noDelay: true, keepAlive: true, allowHalfOpen: true }, socket => server.accept(socket))
  // Too many open files, for example: it concerns one client, which has gone.
  net.on('error', () => undefined)
  return net
}

/** The lock of the folder itself, so that nothing is left lying about. */
async function lockFolder(path: string, clock: Clock, calls: LinuxCalls): Promise<FileHandle> {
  const folder = await open(dirname(path), 'r').catch((error: NodeJS.ErrnoException) => {
    throw unusable(path, `its folder cannot be opened (${error.code})`)
  })
  try {
    const until = clock.monotonic() + patienceMs
    // Where there are no such locks, asking the socket has to do.
    while (calls.lockFile(folder.fd) === 'taken') {
      if (clock.monotonic() >= until) throw inUse(`Another program keeps the folder of ${path} locked.`, { path })
      await clock.sleep(50)
    }
    return folder
  } catch (error) {
    await folder.close()
    throw error
  }
}

function unusable(path: string, why: string): HoldfastError {
  return new HoldfastError('config.invalid', `${path} cannot be used for the socket: ${why}.`, {
    advice: 'Name another one with --socket PATH, in a folder that you can write to.',
    details: { path },
  })
}

function noAddress(host: string, why: string): HoldfastError {
  return new HoldfastError('config.invalid', `Nobody can listen at ${host}: ${why}.`, {
    advice: 'Give an address of this computer, such as 127.0.0.1.',
    details: { host },
  })
}

function inUse(message: string, details: Record<string, unknown>): HoldfastError {
  return new HoldfastError('config.inUse', message, {
    advice: 'End it first, or choose another place with --socket PATH or --listen HOST:PORT.',
    details,
    retryable: true,
  })
}
