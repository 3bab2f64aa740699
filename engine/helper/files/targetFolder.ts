import { constants } from 'node:fs'
import { access, type FileHandle, mkdir, open, readlink, rmdir, statfs } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { HoldfastError } from '../../contract/errors.ts'
import { checkFolder, type FolderRules } from '../placeRules.ts'
import type { FileOwner } from '../restores/newFile.ts'

export interface FolderWish {
  path: string
  /** Whom it is for; null when that is whoever runs the helper. */
  owner: FileOwner
  rules: FolderRules
  /** Where repositories are: nothing is put into them. */
  repositoryPaths: readonly string[]
}

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants
const folderOnly = O_RDONLY | O_DIRECTORY | O_NOFOLLOW

/** The way to what is open, which no change of names leads astray. */
const inside = (handle: FileHandle) => `/proc/self/fd/${handle.fd}`

/**
 * Opens a folder that somebody wants files in. It must be their own, and no link may lead to it: we may have more rights than they,
 * and they may change it under our hands. Undefined when it does not exist and they may make it. usage.invalid, access.denied, target.notFound,
 * target.readOnly, target.holdsRepository, storage.driveNotConnected.
 */
export async function openTargetFolder(wish: FolderWish): Promise<FileHandle | undefined> {
  const { path, rules, repositoryPaths } = wish
  await checkFolder(path, rules)
  const plain = withoutSlash(path)
  const repository = repositoryPaths.find(one => plain === one || plain.startsWith(`${one}/`))
  if (repository !== undefined) {
    throw new HoldfastError('target.holdsRepository', `${path} is in the folder of a repository.`, {
      advice: 'Choose a folder of your own beside it.',
      details: { path },
    })
  }
  const folder = await openOwn(plain, wish).catch(error => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw cannotOpen(error, path)
  })
  if (folder) return folder
  const parent = await openOwn(dirname(plain), wish).catch(error => {
    throw cannotOpen(error, path)
  })
  await parent.close()
  return undefined
}

export interface TargetFolder {
  folder: FileHandle
  /** Takes one away that was made, unless something is in it. Does not throw. */
  discard(): Promise<void>
  close(): Promise<void>
}

/** Opens it, and makes it before if it is missing: it belongs to them then. Fails like openTargetFolder. */
export async function makeTargetFolder(wish: FolderWish): Promise<TargetFolder> {
  const there = await openTargetFolder(wish)
  if (there) return { folder: there, discard: async () => undefined, close: () => there.close() }
  const plain = withoutSlash(wish.path)
  const parent = await openOwn(dirname(plain), wish)
  const name = `${inside(parent)}/${basename(plain)}`
  try {
    await mkdir(name, { mode: 0o755 })
    const folder = await open(name, folderOnly)
    // Whoever has exchanged it meanwhile can only have put something of theirs there.
    if ((await folder.stat()).uid === process.geteuid?.() && wish.owner) {
      await folder.chown(wish.owner.uid, wish.owner.gid)
    }
    return {
      folder,
      discard: async () => void (await rmdir(name).catch(() => undefined)),
      async close() {
        await folder.close()
        await parent.close()
      },
    }
  } catch (error) {
    await parent.close()
    throw cannotOpen(error, wish.path)
  }
}

/** Free bytes of the file system that a folder is on, or would be. */
export async function freeBytesAt(path: string): Promise<number | null> {
  const facts = (await statfs(path).catch(() => undefined)) ?? (await statfs(dirname(path)).catch(() => undefined))
  return facts ? facts.bsize * facts.bavail : null
}

const withoutSlash = (path: string) => (path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path)

async function openOwn(path: string, { owner, rules }: FolderWish): Promise<FileHandle> {
  const folder = await open(path, rules.mode === 'system' ? folderOnly : O_RDONLY | O_DIRECTORY)
  try {
    if (rules.mode === 'system' && (await readlink(inside(folder))) !== path) {
      throw new HoldfastError('usage.invalid', `${path} leads elsewhere by a symbolic link.`, {
        advice: 'Name the folder itself.',
        details: { path },
      })
    }
    const { uid } = await folder.stat()
    const isTheirs = owner === null || owner.uid === 0 || owner.uid === uid
    // For root: whether the file system, or the service's view of it, can be written at all.
    if (isTheirs) await access(inside(folder), constants.W_OK)
    if (isTheirs) return folder
    throw new HoldfastError('access.denied', `${path} is not your folder.`, {
      advice: 'Choose a folder of your own.',
      details: { path },
    })
  } catch (error) {
    await folder.close()
    throw error
  }
}

function cannotOpen(error: unknown, path: string): HoldfastError {
  if (error instanceof HoldfastError) return error
  const { code } = error as NodeJS.ErrnoException
  const options = { details: { path, errno: code }, cause: error }
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') {
    return new HoldfastError('target.notFound', `There is no folder ${path}, and none that it could be made in.`, {
      advice: 'Create the folder, or check the path.',
      ...options,
    })
  }
  const isClosed = code === 'EROFS' || code === 'EACCES' || code === 'EPERM'
  return new HoldfastError(
    isClosed ? 'target.readOnly' : 'target.writeFailed',
    `Nothing can be put into ${path} (${code}).`,
    { advice: 'Choose another folder.', ...options },
  )
}
