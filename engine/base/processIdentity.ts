import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** Names one process on one boot of one machine well enough to tell later whether it still lives. */
export interface ProcessIdentity {
  host: string
  /** Changes with every boot. Empty when the system does not say. */
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

function startTicksOf(pid: number): string {
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

/** 'dead' only when it is certain; 'unknown' for other machines and other containers. */
export function fateOf(other: ProcessIdentity, own: ProcessIdentity = ownIdentity()): 'alive' | 'dead' | 'unknown' {
  if (other.host !== own.host || !other.bootId || !own.bootId) return 'unknown'
  if (other.bootId !== own.bootId) return 'dead'
  if (other.pidNamespace !== own.pidNamespace) return 'unknown'
  return other.startTicks !== '' && startTicksOf(other.pid) === other.startTicks ? 'alive' : 'dead'
}
