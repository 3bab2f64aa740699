import { readFileSync } from 'node:fs'
import { startTicksOf } from '../../base/processIdentity.ts'
import type { PeerProcess } from '../../rpc/peer.ts'
import type { AccessAction } from './actions.ts'
import { denied } from './denial.ts'

/**
 * The process at the other end of a connection. `pid` and `uid` come from the kernel (SO_PEERCRED), never from a message.
 *
 * A process id alone names nobody: its process may have ended and the number may belong to another one by now, even to one
 * of root's. Two handles would have no such gap. A pidfd (SO_PEERPIDFD) needs Linux 6.5 and polkit 124, and pkcheck has no
 * argument for it. A name on the system bus is kept by the bus itself, but our clients are not on the bus. So the start time
 * is taken when the connection is accepted and travels with the pid and the uid. We compare all three before each decision;
 * polkit compares the start time once more, but believes root about the user. What is left is a process of the same user that got the same number between the
 * client's connect and our accept; it has that user's rights and no others.
 */
export type Peer = Pick<PeerProcess, 'pid' | 'uid' | 'startTicks'>

/** What can be learned about processes. Tests put a list of their own in its place. */
export interface ProcessFacts {
  /** Empty when there is no such process. */
  startTicks(pid: number): string
  /** Real, effective, saved and file system user; empty when there is no such process. */
  uids(pid: number): readonly number[]
  /** Login session, as logind or the audit system names it; empty when there is none. */
  session(pid: number): string
}

const read = (pid: number, name: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return ''
  }
}

/** The real thing. */
export const processFacts: ProcessFacts = {
  startTicks: startTicksOf,
  uids: pid => parseUids(read(pid, 'status')),
  session: pid => parseSession(read(pid, 'cgroup'), read(pid, 'sessionid')),
}

/** The four numbers of the line Uid: of /proc/pid/status. */
export function parseUids(status: string): number[] {
  const numbers = /^Uid:\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)$/m.exec(status)
  return numbers === null ? [] : numbers.slice(1).map(Number)
}

/** 'session-3', 'user-1000' for programs of a user's own services (most of a modern desktop), 'audit-7', or ''. */
export function parseSession(cgroup: string, auditSession: string): string {
  const scope = /\/(session-[\w]+)\.scope(?:\/|$)/m.exec(cgroup)?.[1]
  if (scope !== undefined) return scope
  const user = /\/user@(\d+)\.service(?:\/|$)/m.exec(cgroup)?.[1]
  if (user !== undefined) return `user-${user}`
  const audit = auditSession.trim()
  // All ones: never logged in.
  return audit === '' || audit === '4294967295' || audit === '0' ? '' : `audit-${audit}`
}

/** Fails with `access.denied` unless the peer is still the process that connected. */
export function checkPeer(peer: Peer, action: AccessAction, facts: ProcessFacts = processFacts): void {
  const startTicks = facts.startTicks(peer.pid)
  const advice = 'Start the program again and repeat the request.'
  const refuse = (because: string) => denied(action, 'peerChanged', because, { advice })
  if (startTicks === '' || peer.startTicks === '') throw refuse('the program that asked has ended')
  if (startTicks !== peer.startTicks) throw refuse('another program has the process number of the one that connected')
  if (!facts.uids(peer.pid).includes(peer.uid)) throw refuse('the program that asked runs as another user now')
}
