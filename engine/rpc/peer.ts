import type { Socket } from 'node:net'
import { type LinuxCalls, linux } from '../base/linux.ts'
import { startTicksOf } from '../base/processIdentity.ts'
import { HoldfastError } from '../contract/errors.ts'

/** A process as the kernel named it; the start time tells it from a later one with the same number. */
export interface PeerProcess {
  pid: number
  uid: number
  gid: number
  /** proc(5), /proc/pid/stat field 22. */
  startTicks: string
}

/** Who is at the other end of a connection. */
export interface Peer {
  transport: 'unix' | 'stdio' | 'websocket' | 'memory'
  /** What the kernel, not the peer, says about it. Always there for Unix sockets. */
  process?: PeerProcess
}

/**
 * Asks the kernel who opened the other end of a Unix socket. `access.denied` when it cannot be told or the process has
 * ended meanwhile, so that nobody unknown gets through.
 */
export function processOfSocket(socket: Socket, calls: LinuxCalls = linux): PeerProcess {
  const credentials = calls.socketPeer(descriptorOf(socket))
  if (credentials === 'unsupported') throw unknownPeer('the system does not tell')
  const startTicks = credentials.pid === 0 ? '' : startTicksOf(credentials.pid)
  if (startTicks === '') throw unknownPeer('it has ended already or cannot be seen')
  return { ...credentials, startTicks }
}

/** False when the process has ended, even if its number has been given to another one. */
export function stillRuns(process: PeerProcess): boolean {
  return startTicksOf(process.pid) === process.startTicks
}

/** Node keeps the descriptor of a socket to itself; -1 makes the kernel call fail. */
export function descriptorOf(socket: Socket): number {
  return (socket as unknown as { _handle?: { fd?: number } | null })._handle?.fd ?? -1
}

function unknownPeer(why: string): HoldfastError {
  return new HoldfastError('access.denied', `The process at the other end is unknown: ${why}.`, {
    advice: 'Try again; run the command as root if it fails again.',
  })
}
