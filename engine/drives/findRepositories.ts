import type { Dirent } from 'node:fs'
import { lstat, opendir, readFile, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, systemClock } from '../base/clock.ts'
import { parseMountInfo } from '../base/linux/mounts.ts'
import { type SystemAccess, systemAccess } from '../base/linux/system.ts'
import { mountHolding } from '../base/linux/systemGraph.ts'
import type { SystemMount } from '../base/linux/systemRecord.ts'
import type { DriveDevice, DriveInventory } from '../contract/drives.ts'
import { throwIfAborted } from '../contract/errors.ts'
import { repositoryIdOf } from './repositoryMark.ts'

/** A repository that was found. */
export interface FoundRepository {
  repositoryId: string
  /** Its folder. */
  path: string
  /** Device with the file system; null when it is on none of the inventory (network file systems, ZFS). */
  driveId: string | null
  /** Where that is mounted; null likewise. */
  mountPoint: string | null
  /** Device and inode number of the folder: the same for one folder that is seen in several places. */
  folderId: string
}

type FoundFolder = Omit<FoundRepository, 'driveId' | 'mountPoint'>

export interface SearchResult {
  found: FoundRepository[]
  /** Ids of devices whose file system did not answer in time, this time or since an earlier one. */
  silent: string[]
}

export interface SearchOptions {
  /** Folders to look into on every file system, from its root; those that destinations remember. */
  relativePaths?: readonly string[]
  /** Absolute folders to look at wherever they lie, such as those on network file systems. */
  paths?: readonly string[]
  signal?: AbortSignal
}

export interface RepositoryFinderOptions {
  access?: SystemAccess
  clock?: Clock
  /** A file system that has not answered by then is silent. 10 s unless given. */
  timeoutMs?: number
  /** Tells the repository in a folder. Tests bring slow ones. */
  identify?: (folder: string) => Promise<string | undefined>
}

/** One level down, this many entries are read at most, and this many folders looked into. */
const mostEntries = 4096
const mostFolders = 256

/**
 * Looks for repositories on mounted file systems: in the root of each, one level down, and where destinations remember
 * one. It only reads, does not follow symbolic links off the drive, and looks at what is really there: a folder over which
 * something else is mounted is not the drive.
 */
export class RepositoryFinder {
  readonly #access: SystemAccess
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #identify: (folder: string) => Promise<string | undefined>
  /** What did not answer in time, and has not since. */
  readonly #stuck = new Set<string>()
  /** The last read of each, until it ends. One from a dead drive cannot be called off and holds a thread; one for each is enough. */
  readonly #reading = new Map<string, Promise<void>>()

  constructor(options: RepositoryFinderOptions = {}) {
    this.#access = options.access ?? systemAccess
    this.#clock = options.clock ?? systemClock
    this.#timeoutMs = options.timeoutMs ?? 10_000
    this.#identify = options.identify ?? repositoryIdOf
  }

  /** Looks at everything that is mounted in `inventory`. Only fails with `run.cancelled`. */
  async search(inventory: DriveInventory, options: SearchOptions = {}): Promise<SearchResult> {
    const { signal } = options
    throwIfAborted(signal, 'Looking for repositories')
    const mounts = await this.#readMounts()
    const result: SearchResult = { found: [], silent: [] }

    const onDrives = inventory.devices.flatMap(device =>
      device.mountPoints.map(async mountPoint => {
        if (!(await this.#isShown(device, mountPoint, mounts))) return
        const found = await this.#inTime(mountPoint, () => this.#searchOne(mountPoint, mounts, options), signal)
        if (found === undefined) result.silent.push(device.id)
        for (const folder of found ?? []) result.found.push({ ...folder, driveId: device.id, mountPoint })
      }),
    )
    await Promise.all(onDrives)
    const known = new Set(result.found.map(({ path }) => path))
    const elsewhere = (options.paths ?? []).map(async path => {
      if (known.has(path)) return
      const found = await this.#inTime(path, () => this.#searchPath(path, inventory, mounts), signal)
      if (found !== undefined) result.found.push(found)
    })
    await Promise.all(elsewhere)
    throwIfAborted(signal, 'Looking for repositories')
    result.found.sort((a, b) => (a.path < b.path ? -1 : 1))
    return { found: result.found, silent: [...new Set(result.silent)] }
  }

  async #readMounts(): Promise<SystemMount[]> {
    const text = await readFile(join(this.#access.procRoot, 'self/mountinfo'), 'utf8').catch(() => '')
    return parseMountInfo(text).map(line => ({ ...line, devices: [] }))
  }

  /** Whether what one sees at the mount point is the device, and nothing that was mounted over it. */
  async #isShown(device: DriveDevice, mountPoint: string, mounts: readonly SystemMount[]): Promise<boolean> {
    const top = mountHolding(mounts, mountPoint)
    if (top === undefined || top.mountPoint !== mountPoint) return false
    // Something may be mounted over a folder above; then the path leads elsewhere. btrfs gives each subvolume a number.
    const shown = await this.#access.identify(mountPoint)
    if (shown === undefined || (shown.fileSystemId !== top.deviceId && top.fileSystem !== 'btrfs')) return false
    if (top.deviceId === device.deviceNumber) return true
    // btrfs and FUSE have numbers of their own, and name the device.
    const source = top.source.startsWith('/') ? await this.#access.identify(top.source) : undefined
    return source?.deviceId === device.deviceNumber
  }

  async #searchOne(mountPoint: string, mounts: readonly SystemMount[], { relativePaths = [], signal }: SearchOptions) {
    const found = new Map<string, FoundFolder>()
    const look = async (folder: string) => {
      throwIfAborted(signal)
      const real = await realpath(folder).catch(() => undefined)
      // A link may lead off the drive, and another file system may be mounted in it.
      if (real === undefined || mountHolding(mounts, real)?.mountPoint !== mountPoint || found.has(real)) return
      const repository = await this.#lookInto(real)
      if (repository !== undefined) found.set(real, repository)
    }
    await look(mountPoint)
    for (const path of relativePaths) if (isInside(path)) await look(join(mountPoint, path))
    for (const folder of await foldersIn(mountPoint)) await look(folder)
    return [...found.values()]
  }

  async #searchPath(path: string, inventory: DriveInventory, mounts: readonly SystemMount[]) {
    const found = await this.#lookInto(path)
    if (found === undefined) return undefined
    const mountPoint = mountHolding(mounts, await realpath(path))?.mountPoint ?? null
    for (const device of mountPoint === null ? [] : inventory.devices) {
      if (await this.#isShown(device, mountPoint!, mounts)) return { ...found, driveId: device.id, mountPoint }
    }
    return { ...found, driveId: null, mountPoint: null }
  }

  async #lookInto(folder: string): Promise<FoundFolder | undefined> {
    const repositoryId = await this.#identify(folder)
    if (repositoryId === undefined) return undefined
    const { dev, ino } = await stat(folder, { bigint: true })
    return { repositoryId, path: folder, folderId: `${dev}:${ino}` }
  }

  /** Undefined when there is no answer in time. Who asks while another search still reads there waits for that one first. */
  async #inTime<T>(key: string, work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T | undefined> {
    if (this.#stuck.has(key)) return undefined
    let isGivenUp = false
    const before = this.#reading.get(key) ?? Promise.resolve()
    const done = before.then(() => (isGivenUp ? undefined : work())).catch(() => undefined)
    const ended = done.then(() => {
      this.#stuck.delete(key)
      if (this.#reading.get(key) === ended) this.#reading.delete(key)
    })
    this.#reading.set(key, ended)
    const over = new AbortController()
    const onAbort = () => over.abort()
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      const timeout = this.#clock.sleep(this.#timeoutMs, over.signal).then(
        () => this.#stuck.add(key),
        () => undefined,
      )
      return await Promise.race([done, timeout.then(() => undefined)])
    } finally {
      isGivenUp = true
      over.abort()
      signal?.removeEventListener('abort', onAbort)
    }
  }
}

/** What a record or a client remembers may not climb out. */
const isInside = (path: string) => path.length <= 4096 && !path.includes('\0') && !path.split('/').includes('..')

async function foldersIn(folder: string): Promise<string[]> {
  const folders: string[] = []
  try {
    const entries = await opendir(folder)
    let count = 0
    for await (const entry of entries) {
      if (await isFolder(entry, join(folder, entry.name))) folders.push(join(folder, entry.name))
      count += 1
      if (count >= mostEntries || folders.length >= mostFolders) break
    }
  } catch {
    // It went away, or may not be listed; what was found so far counts.
  }
  return folders.sort()
}

async function isFolder(entry: Dirent, path: string): Promise<boolean> {
  if (entry.isDirectory()) return true
  // Some file systems do not say what an entry is.
  const said = entry.isFile() || entry.isSymbolicLink() || entry.isFIFO() || entry.isSocket()
  if (said || entry.isBlockDevice() || entry.isCharacterDevice()) return false
  return lstat(path).then(
    facts => facts.isDirectory(),
    () => false,
  )
}
