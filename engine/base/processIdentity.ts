import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** Names one process on one boot of one machine well enough to tell later whether it still lives. */
export interface ProcessIdentity {
  /** Host name and machine id, joined by a slash; nothing after the slash when there is no machine id. */
  host: string
  /** Random, made anew by every boot of every kernel. Empty when the system does not say. */
  bootId: string
  /** Process ids only compare within one namespace (containers). */
  pidNamespace: string
  pid: number
  /** Start time in clock ticks since boot (proc(5), /proc/pid/stat field 22): a process id may be given out again. */
  startTicks: string
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

/** Start time of a process in clock ticks since boot; empty when there is no such process or it may not be looked at. */
export function startTicksOf(pid: number): string {
  const stat = read(`/proc/${pid}/stat`)
  // The second field is the program's name in parentheses and may hold anything.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

export function ownIdentity(): ProcessIdentity {
  return {
    host: `${hostname()}/${read('/etc/machine-id')}`,
    bootId: read('/proc/sys/kernel/random/boot_id'),
    pidNamespace: pidNamespace(),
    pid: process.pid,
    startTicks: startTicksOf(process.pid),
  }
}

/** True when both are one and the same process. */
export function isSameProcess(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return isSameSpace(a, b) && a.pid === b.pid && a.startTicks !== '' && a.startTicks === b.startTicks
}

/** 'dead' only when it is certain; 'unknown' for other machines and other containers. */
export function fateOf(other: ProcessIdentity, own: ProcessIdentity = ownIdentity()): 'alive' | 'dead' | 'unknown' {
  if (!other.bootId || !own.bootId) return 'unknown'
  // Another boot of this machine is over. Without a machine id, another machine may have the same name.
  if (other.bootId !== own.bootId) return other.host === own.host && !own.host.endsWith('/') ? 'dead' : 'unknown'
  if (!isSameSpace(other, own)) return 'unknown'
  const startTicks = startTicksOf(other.pid)
  if (startTicks !== '' && other.startTicks !== '') return startTicks === other.startTicks ? 'alive' : 'dead'
  // /proc may hide the processes of other users (hidepid); a signal tells whether there is one, but not since when.
  return processExists(other.pid) ? 'unknown' : 'dead'
}

/** One boot of one kernel, and one namespace of process ids. */
function isSameSpace(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.bootId !== '' && a.bootId === b.bootId && a.pidNamespace !== '' && a.pidNamespace === b.pidNamespace
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
