import { posix } from 'node:path'
import { HoldfastError } from '../../contract/errors.ts'
import { configName, isFurniture } from '../directory/prepare.ts'
import { isTemporaryName } from '../directory/temporary.ts'
import { alreadyExists, isObjectName } from '../names.ts'
import type { Item } from './remote.ts'

/** What rclone tells of a remote (operations/fsinfo), as far as it matters here. */
export interface RemoteFeatures {
  /** It renames by itself, without sending anything again. */
  Move: boolean
  CanHaveEmptyDirectories: boolean
  About: boolean
}

interface Listing {
  list(folder: string, options: { recurse: boolean }): Promise<Item[]>
}

/**
 * Throws unless nothing is at the place but `folders` without objects. `repository.alreadyExists` when it holds objects,
 * `storage.objectExists` when it holds anything else.
 */
export async function assertVacant(remote: Listing, url: string, folders: readonly string[]): Promise<void> {
  const wanted = new Set(folders.flatMap(withParents))
  const names = await strangers(remote, '', wanted)
  const [first] = names
  if (first === undefined) return
  if (names.includes(configName)) throw alreadyExists(url, configName)
  const object = names.find(name => wanted.has(posix.dirname(name)) && isObjectName(name))
  if (object !== undefined) throw alreadyExists(url, object)
  throw new HoldfastError('storage.objectExists', `${url} is not empty (it holds ${first}).`, {
    advice: 'Choose an empty or a new folder for the repository.',
    details: { url, found: names.slice(0, 20) },
  })
}

/** 'a/b/c' → 'a', 'a/b', 'a/b/c'. */
function withParents(folder: string): string[] {
  const segments = folder.split('/')
  return segments.map((_, index) => segments.slice(0, index + 1).join('/'))
}

/** Names of everything that an empty new repository would not have; folders of others are not looked into. */
async function strangers(remote: Listing, folder: string, wanted: ReadonlySet<string>): Promise<string[]> {
  const found: string[] = []
  for (const item of await remote.list(folder, { recurse: false })) {
    const name = posix.basename(item.Path)
    if (item.IsDir && wanted.has(item.Path)) found.push(...(await strangers(remote, item.Path, wanted)))
    else if (!isTemporaryName(name) && !(folder === '' && isFurniture(name))) found.push(item.Path)
  }
  return found
}
