import { lstat, readdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

/** Where hooks live, and whose they must be. */
export interface HookFolder {
  /** Absolute, without symbolic links. /etc/holdfast/hooks.d unless given. */
  path?: string
  /** User id that hooks and folders belong to, besides root. Root alone unless given. */
  ownerUid?: number
}

export const defaultHookFolder = '/etc/holdfast/hooks.d'
/** Hooks are named, never given as a path. */
export const hookName = /^[a-z0-9-]{1,64}$/

/** What decides about one file or folder on the way to a hook. */
export interface HookPathFacts {
  path: string
  kind: 'file' | 'folder' | 'link' | 'other'
  uid: number
  /** Permission bits, including the sticky bit 0o1000. */
  mode: number
}

/**
 * Why a hook may not be run, or undefined. `chain` is the hook itself, its folder, and every folder above up to the root.
 * Nobody else than the owners may be able to change what runs with all rights: not the file, and not by renaming a folder.
 * Pure.
 */
export function refusalOf(chain: readonly HookPathFacts[], owners: readonly number[]): string | undefined {
  for (const [depth, { path, kind, uid, mode }] of chain.entries()) {
    if (kind === 'link') return `${path} is a symbolic link`
    if (depth === 0 && kind !== 'file') return `${path} is no file`
    if (depth > 0 && kind !== 'folder') return `${path} is no folder`
    if (!owners.includes(uid))
      return `${path} belongs to user ${uid}, not to ${owners.includes(0) ? 'root' : owners[0]}`
    // In a folder such as /tmp, the sticky bit keeps others from renaming what is not theirs (unlink(2), EPERM).
    const othersMayRename = (mode & 0o022) !== 0 && !(depth > 1 && (mode & 0o1000) !== 0)
    if (othersMayRename) return `${path} can be changed by others than its owner (mode ${(mode & 0o777).toString(8)})`
    if (depth === 0 && (mode & 0o111) === 0) return `${path} is not executable`
  }
  return undefined
}

/** The path of a hook that may be run, or why it may not. Never throws. */
export async function findHook(
  name: string,
  folder: HookFolder = {},
): Promise<{ path: string; refusal?: undefined } | { path?: undefined; refusal: string }> {
  if (!hookName.test(name)) return { refusal: 'its name may consist of a to z, 0 to 9 and “-” only' }
  const path = join(resolve(folder.path ?? defaultHookFolder), name)
  const paths = [path]
  for (let above = dirname(path); above !== paths.at(-1); above = dirname(above)) paths.push(above)
  try {
    const chain = await Promise.all(paths.map(factsOf))
    const refusal = refusalOf(chain, [...new Set([0, folder.ownerUid ?? 0])])
    return refusal === undefined ? { path } : { refusal }
  } catch (error) {
    const { code, path: where = path } = error as NodeJS.ErrnoException
    return { refusal: code === 'ENOENT' ? `${where} does not exist` : `${where} cannot be examined (${code})` }
  }
}

/** All hooks of the folder by name, with why one may not be run. Empty when there is no such folder. */
export async function listHooks(folder: HookFolder = {}): Promise<{ name: string; refusal?: string }[]> {
  const names = await readdir(folder.path ?? defaultHookFolder).catch(() => [])
  const found = names.filter(name => hookName.test(name)).sort()
  return Promise.all(
    found.map(async name => {
      const { refusal } = await findHook(name, folder)
      return { name, ...(refusal !== undefined && { refusal }) }
    }),
  )
}

async function factsOf(path: string): Promise<HookPathFacts> {
  const stats = await lstat(path)
  const kind = stats.isSymbolicLink() ? 'link' : stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other'
  return { path, kind, uid: stats.uid, mode: stats.mode & 0o7777 }
}
