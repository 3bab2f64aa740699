import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, systemClock } from '../base/clock.ts'
import { parseMountInfo } from '../base/linux/mounts.ts'
import type { DriveUser } from '../contract/drives.ts'
import { HoldfastError } from '../contract/errors.ts'
import { cleanText } from './deviceText.ts'

/** What is to be let go of. */
export interface DriveUse {
  mountPoints: readonly string[]
  /** 'major:minor' of the file systems. */
  deviceNumbers: readonly string[]
  /** Nodes of the devices, such as '/dev/sdb1'. */
  nodes: readonly string[]
}

export interface DriveUsers {
  users: DriveUser[]
  /** False when the search was cut short; there may be more. */
  complete: boolean
}

export interface DriveUsersOptions {
  /** '/proc' unless given. */
  procRoot?: string
  clock?: Clock
  /** 3000 unless given. */
  timeoutMs?: number
}

const mostProcesses = 4096
const mostDescriptors = 1024
/** Enough for a person to act on. */
const mostUsers = 20

/**
 * Who keeps file systems from being unmounted: open files, working folders, programs that run from there, open devices,
 * and other mount namespaces (containers, sandboxes, services) that have them mounted. Reads links only, so it cannot hang
 * on a dead drive; never fails. Processes of other users show only to root.
 */
export async function findDriveUsers(use: DriveUse, options: DriveUsersOptions = {}): Promise<DriveUsers> {
  const { procRoot = '/proc', clock = systemClock, timeoutMs = 3000 } = options
  const until = clock.monotonic() + timeoutMs
  const pids = (await readdir(procRoot).catch(() => [])).filter(name => /^\d+$/.test(name)).map(Number)
  const seenNamespaces = new Set([await readlink(join(procRoot, 'self/ns/mnt')).catch(() => '')])
  const users: DriveUser[] = []
  for (const [index, pid] of pids.sort((a, b) => a - b).entries()) {
    if (index >= mostProcesses || users.length >= mostUsers || clock.monotonic() > until) {
      return { users, complete: false }
    }
    const found =
      (await usesOf(join(procRoot, String(pid)), use)) ?? (await foreignMount(procRoot, pid, use, seenNamespaces))
    if (found === undefined) continue
    const program = cleanText(await readFile(join(procRoot, String(pid), 'comm'), 'utf8').catch(() => '')) ?? '?'
    users.push({ pid, program, ...found })
  }
  return { users, complete: true }
}

type Found = Pick<DriveUser, 'use' | 'path'>

/** The first thing that a process holds; one is enough to name it. */
async function usesOf(folder: string, use: DriveUse): Promise<Found | undefined> {
  const judge = async (link: string, kind: DriveUser['use']): Promise<Found | undefined> => {
    const path = await readlink(join(folder, link)).catch(() => '')
    if (use.nodes.includes(path)) return { use: 'device', path }
    return use.mountPoints.some(point => isIn(path, point)) ? { use: kind, path } : undefined
  }
  for (const link of ['cwd', 'root'] as const) {
    const found = await judge(link, 'folder')
    if (found !== undefined) return found
  }
  const running = await judge('exe', 'file')
  if (running !== undefined) return running
  const descriptors = await readdir(join(folder, 'fd')).catch(() => [])
  for (const descriptor of descriptors.slice(0, mostDescriptors)) {
    const found = await judge(`fd/${descriptor}`, 'file')
    if (found !== undefined) return found
  }
  return undefined
}

const isIn = (path: string, point: string) => path === point || path.startsWith(point === '/' ? '/' : `${point}/`)

/** A mount of the same file system that other processes see and we do not; each namespace is looked at once. */
async function foreignMount(
  procRoot: string,
  pid: number,
  use: DriveUse,
  seenNamespaces: Set<string>,
): Promise<Found | undefined> {
  const namespace = await readlink(join(procRoot, String(pid), 'ns/mnt')).catch(() => '')
  if (namespace === '' || seenNamespaces.has(namespace)) return undefined
  seenNamespaces.add(namespace)
  const text = await readFile(join(procRoot, String(pid), 'mountinfo'), 'utf8').catch(() => '')
  const mount = parseMountInfo(text).find(line => use.deviceNumbers.includes(line.deviceId))
  return mount === undefined ? undefined : { use: 'mount', path: mount.mountPoint }
}

/** The error for a drive that cannot be unmounted now. `name` is what people call it. */
export function driveBusy(name: string, { users, complete }: DriveUsers, cause?: unknown): HoldfastError {
  const names = users.map(({ program, pid }) => (pid === null ? program : `${program} (process ${pid})`))
  const who = names.length === 0 ? 'something that is not known' : names.slice(0, 5).join(', ')
  const more = names.length > 5 || !complete ? ' and more' : ''
  const first = users[0]
  const where = first === undefined ? '' : ` ${first.program} has ${cleanText(first.path)} open.`
  return new HoldfastError('storage.driveBusy', `${name} is in use by ${who}${more}.${where}`, {
    advice: 'Close the programs and windows that use the drive, then eject it again. Do not unplug it before.',
    details: { users, complete },
    retryable: true,
    cause,
  })
}
