import { constants } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, readdir, rename, rmdir } from 'node:fs/promises'
import { linux } from '../base/linux.ts'
import { randomHex } from '../base/random.ts'
import { runSystemProgram } from '../base/systemPrograms.ts'
import { HoldfastError } from '../contract/errors.ts'

/**
 * Brings what was copied to its place. Whoever owns the destination may change it under our hands while we are root, so
 * everything goes by handles of folders that were opened without following links; a name is only ever one part long.
 */

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants
const folderOnly = O_RDONLY | O_DIRECTORY | O_NOFOLLOW

/** Where the names in an open folder are. */
export const inside = (folder: FileHandle): string => `/proc/self/fd/${folder.fd}`

/** Opens the folder that a person named; its path may go through links. */
export const openFolder = (path: string): Promise<FileHandle> => open(path, O_RDONLY | O_DIRECTORY)

/**
 * Makes a folder in another that only we may enter, and gives it open. Fails with target.writeFailed when what is there then is not
 * the one that was made.
 */
export async function makePrivateFolder(parent: FileHandle, name: string): Promise<FileHandle> {
  const path = `${inside(parent)}/${name}`
  await mkdir(path, { mode: 0o700 })
  const folder = await open(path, folderOnly)
  const { uid, mode } = await folder.stat()
  if (uid === process.geteuid?.() && (mode & 0o77) === 0 && (await readdir(inside(folder))).length === 0) return folder
  await folder.close()
  throw new HoldfastError('target.writeFailed', 'Somebody changes the folder while files are copied into it.', {
    advice: 'Choose a folder that is yours alone.',
  })
}

/**
 * What is there already and would be replaced by a file or tree: files and links, and folders in the way of files; not folders that
 * both have. At most `most`, by their paths from `shown` on.
 */
export async function findConflicts(tree: string, place: string, shown: string, most: number): Promise<string[]> {
  const conflicts: string[] = []
  const look = async (from: string, to: string, name: string): Promise<void> => {
    if (conflicts.length >= most) return
    const there = await lstat(to).catch(() => undefined)
    if (!there) return
    if (!there.isDirectory() || !(await lstat(from)).isDirectory()) {
      conflicts.push(name)
      return
    }
    for (const entry of (await readdir(from)).sort())
      await look(`${from}/${entry}`, `${to}/${entry}`, `${name}/${entry}`)
  }
  await look(tree, place, shown)
  return conflicts
}

/**
 * Moves `name` from one folder to another. Folders that both have are merged; what else is there is replaced. A folder that was
 * there gets the owner, mode and time of ours.
 */
export async function place(from: FileHandle, name: string | Buffer, to: FileHandle, newName = name): Promise<void> {
  const [source, target] = [entryOf(from, name), entryOf(to, newName)]
  const ours = await lstat(source)
  const there = await lstat(target).catch(() => undefined)
  if (!there || (!there.isDirectory() && !ours.isDirectory())) return await rename(source, target)
  if (there.isDirectory() && ours.isDirectory()) return await merge(source, target)
  // A folder takes the place of something else, or the other way round: both change places at once, so that whoever is killed over it
  // leaves one or the other under the name, and what was there in a folder of ours.
  if (linux.exchangeNames(source, target) === 'done') {
    const old = stagingName()
    await rename(source, entryOf(from, old))
    return await removeTree(from, old)
  }
  // Where that cannot be (some file systems of other computers), what is there goes aside until the new one is in place.
  const asideName = stagingName()
  const aside = entryOf(to, asideName)
  await rename(target, aside)
  await rename(source, target).catch(async error => {
    await rename(aside, target).catch(() => undefined)
    throw error
  })
  await removeTree(to, asideName)
}

/**
 * Removes a name with all that is below it. rm(1) goes down by handles and follows no links; Node goes by paths, under which whoever
 * owns the folder could put something else meanwhile.
 */
async function removeTree(folder: FileHandle, name: string): Promise<void> {
  const at = inside(folder).replace('/self/', `/${process.pid}/`)
  await runSystemProgram('env', ['-C', at, 'rm', '-rf', '--', name], { failureCode: 'target.writeFailed' })
}

/** For folders of ours in those of others. */
export const stagingName = (): string => `.holdfast-${randomHex(8)}`

/** Names are bytes: those on old disks need not be UTF-8. */
const entryOf = (folder: FileHandle, name: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${inside(folder)}/`), Buffer.from(name as Buffer)])

async function merge(source: Buffer, target: Buffer): Promise<void> {
  const [from, to] = [await open(source, folderOnly), await open(target, folderOnly)]
  try {
    const { uid, gid, mode, atime, mtime } = await from.stat()
    for (const name of await readdir(inside(from), { encoding: 'buffer' })) await place(from, name, to)
    await to.chown(uid, gid).catch(() => undefined)
    await to.chmod(mode & 0o7777)
    await to.utimes(atime, mtime)
  } finally {
    await from.close()
    await to.close()
  }
  await rmdir(source)
}

/** "name (2)", "name (3)", before the ending of a file name: the first that is free. */
export async function freeName(folder: string, name: string): Promise<string> {
  const dot = name.lastIndexOf('.')
  const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
  for (let n = 1; n < 10_000; n++) {
    const candidate = n === 1 ? name : `${stem} (${n})${ending}`
    if (!(await lstat(`${folder}/${candidate}`).catch(() => undefined))) return candidate
  }
  throw new HoldfastError('target.exists', `There are too many of ${name} already.`, {
    advice: 'Choose another folder.',
  })
}
