import type { Dirent } from 'node:fs'
import { mkdir, readdir, readFile, realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { syncFolder } from '../../base/atomicFile.ts'
import { HoldfastError, throwIfAborted } from '../../contract/errors.ts'
import { alreadyExists, isObjectName } from '../names.ts'
import { driveNotConnected, errnoName } from './errors.ts'
import { emptyMountPointAbove, parseFstab, parseMountInfo } from './mounts.ts'
import { isTemporaryName } from './temporary.ts'
import { isMissing } from './walk.ts'

/** The object that makes a folder a repository. */
export const configName = 'config'
const folderMode = 0o700

/** Where the system tells what should be mounted, what is mounted, and which drives there are. */
export interface SystemTables {
  fstabPath: string
  mountInfoPath: string
  blockDevicesPath: string
}

/** As on every Linux. */
export const systemTables: SystemTables = {
  fstabPath: '/etc/fstab',
  mountInfoPath: '/proc/self/mountinfo',
  blockDevicesPath: '/sys/dev/block',
}

/** What file systems and desktops put at the top of a drive by themselves; it is no sign of other use. */
const furniture = new Set(['lost+found', 'System Volume Information', '$RECYCLE.BIN', '.Spotlight-V100', '.fseventsd'])
export const isFurniture = (name: string) => furniture.has(name) || /^\.Trash(-\d+|es)?$/.test(name)

/**
 * Throws `storage.driveNotConnected` when `root` (absolute; it may be missing) is at or below a place where a drive should
 * be mounted and none is.
 */
export async function assertDriveMounted(root: string, tables: SystemTables): Promise<void> {
  const mountInfo = await readTextIfThere(tables.mountInfoPath)
  // Without /proc nothing can be told, and nothing is refused.
  if (mountInfo === '') return
  const mounted = parseMountInfo(mountInfo)
  // What is mounted needs no second look, and looking there could hang on a dead network file system.
  const expected = parseFstab(await readTextIfThere(tables.fstabPath)).filter(point => !mounted.has(point))
  const resolved = await Promise.all(expected.map(point => resolveExisting(point)))
  const empty = emptyMountPointAbove(await resolveExisting(root), resolved, mounted)
  if (empty !== undefined) throw driveNotConnected(root, `nothing is mounted at ${empty}`)
}

/**
 * Throws unless `root` is missing, or a folder in which nothing is but `folders` without objects. `repository.alreadyExists`
 * when it holds objects, `storage.objectExists` when it holds anything else.
 */
export async function assertVacant(root: string, folders: readonly string[]): Promise<void> {
  const wanted = new Set(folders.flatMap(withParents))
  const [first, ...others] = await strangers(root, '', wanted)
  if (first === undefined) return
  const names = [first, ...others]
  if (names.includes(configName)) throw alreadyExists(root, configName)
  const object = names.find(name => wanted.has(dirname(name)) && isObjectName(name))
  if (object !== undefined) throw alreadyExists(root, object)
  throw new HoldfastError('storage.objectExists', `${root} is not empty (it holds ${first}).`, {
    advice: 'Choose an empty or a new folder for the repository.',
    details: { path: root, found: names.slice(0, 20) },
  })
}

/**
 * Creates `root` (its parent must exist) and the folders in it, readable for the owner only, and makes them durable.
 * What is there already stays as it is, so that this can be repeated.
 */
export async function createFolders(root: string, folders: readonly string[], signal?: AbortSignal): Promise<void> {
  const changed = new Set<string>()
  try {
    if (await makeFolder(root)) changed.add(dirname(root))
  } catch (error) {
    if (!isMissing(error)) throw error
    throw driveNotConnected(root, `${dirname(root)} does not exist`, error)
  }
  // Parents come first, because withParents names them first.
  for (const folder of new Set(folders.flatMap(withParents))) {
    throwIfAborted(signal)
    const path = join(root, folder)
    await makeFolder(path)
    changed.add(dirname(path))
  }
  // The deepest first: a folder counts only when the way to it is there.
  for (const path of [...changed].reverse()) await syncFolder(path)
}

/** 'a/b/c' → 'a', 'a/b', 'a/b/c'. */
function withParents(folder: string): string[] {
  const segments = folder.split('/')
  return segments.map((_, index) => segments.slice(0, index + 1).join('/'))
}

/** Names, relative to the root, of everything that an empty new repository would not have. */
async function strangers(root: string, folder: string, wanted: ReadonlySet<string>): Promise<string[]> {
  const found: string[] = []
  for (const entry of await readFolder(join(root, folder), root)) {
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory() && wanted.has(name)) found.push(...(await strangers(root, name, wanted)))
    else if (!isTemporaryName(entry.name) && !(folder === '' && isFurniture(entry.name))) found.push(name)
  }
  return found
}

async function readFolder(path: string, root: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true })
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return []
    if (errnoName(error) !== 'ENOTDIR') throw error
    throw new HoldfastError('storage.objectExists', `${root} is a file, or below a file.`, {
      advice: 'Choose an empty or a new folder for the repository.',
      details: { path: root },
    })
  }
}

/** Returns false when it was there already. */
async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: folderMode })
    return true
  } catch (error) {
    if (errnoName(error) !== 'EEXIST') throw error
    return false
  }
}

/** The path without symbolic links, as far as it exists. */
async function resolveExisting(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if (!isMissing(error) || path === '/') return path
    return join(await resolveExisting(dirname(path)), basename(path))
  }
}

async function readTextIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return ''
    throw error
  }
}
