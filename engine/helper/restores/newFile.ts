import { constants } from 'node:fs'
import { type FileHandle, lstat, open, readlink, statfs, unlink } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { HoldfastError } from '../../contract/errors.ts'
import { checkFolder, type FolderRules } from '../placeRules.ts'

/** Whom a file is for: a user of this computer; null when that is whoever runs the helper. */
export type FileOwner = { uid: number; gid: number } | null

export interface NewFileWish {
  path: string
  owner: FileOwner
  rules: FolderRules
}

/**
 * Looks whether somebody may have a new file at a path, and how much room there is. It must not exist, and the folder must,
 * and be their own. usage.invalid, target.exists, target.notFound, access.denied, storage.driveNotConnected, target.full.
 */
export async function checkNewFile(wish: NewFileWish, neededBytes: number): Promise<{ freeBytes: number }> {
  const { path, rules } = wish
  await checkFolder(path, rules)
  // Whose folder it is comes first: what is in others' is nobody's business.
  const folder = await openFolder(wish)
  try {
    const exists = await lstat(`${inside(folder)}/${basename(path)}`).catch(() => undefined)
    if (exists) throw fileExists(path)
    const { bsize, bavail } = await statfs(inside(folder))
    const freeBytes = bavail * bsize
    if (freeBytes >= neededBytes) return { freeBytes }
    throw new HoldfastError(
      'target.full',
      `${dirname(path)} has room for ${freeBytes} bytes; ${neededBytes} are needed.`,
      {
        advice: 'Make room there, or choose another folder.',
        details: { path, freeBytes, neededBytes },
      },
    )
  } finally {
    await folder.close()
  }
}

/** A file that was just made. Its content is the maker's until it is given away. */
export interface NewFile {
  /** By which it is written: whatever becomes of its name or folder, it is this file. */
  target: string
  /** Gives it to the one whom it is for, and makes its name durable. */
  give(): Promise<void>
  /** Takes it away again. Does not throw. */
  discard(): Promise<void>
  close(): Promise<void>
}

/**
 * Makes the file. We may have more rights than whoever asks, who owns the folder and can change it under our hands; so
 * everything goes by open handles, and nothing by a name that was looked at before. Fails like checkNewFile.
 */
export async function makeNewFile(wish: NewFileWish): Promise<NewFile> {
  const { path, owner } = wish
  const folder = await openFolder(wish)
  const name = `${inside(folder)}/${basename(path)}`
  let file: FileHandle
  try {
    const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
    file = await open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  } catch (error) {
    await folder.close()
    throw cannotMake(error, path)
  }
  return {
    target: inside(file),
    async give() {
      if (owner !== null) await file.chown(owner.uid, owner.gid)
      await folder.sync().catch(() => undefined)
    },
    async discard() {
      await unlink(name).catch(() => undefined)
    },
    async close() {
      await file.close()
      await folder.close()
    },
  }
}

/** The way to what is open, which no change of names leads astray. */
const inside = (handle: FileHandle) => `/proc/self/fd/${handle.fd}`

async function openFolder({ path, owner, rules }: NewFileWish): Promise<FileHandle> {
  const folderPath = dirname(path)
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants
  const follow = rules.mode === 'system' ? O_NOFOLLOW : 0
  const folder = await open(folderPath, O_RDONLY | O_DIRECTORY | follow).catch(error => {
    throw cannotMake(error, path)
  })
  try {
    if (rules.mode === 'system' && (await readlink(inside(folder))) !== folderPath) {
      throw new HoldfastError('usage.invalid', `${folderPath} leads elsewhere by a symbolic link.`, {
        advice: 'Name the folder itself.',
        details: { path },
      })
    }
    const { uid } = await folder.stat()
    if (owner !== null && owner.uid !== 0 && owner.uid !== uid) {
      throw new HoldfastError('access.denied', `${folderPath} is not your folder.`, {
        advice: 'Choose a folder of your own.',
        details: { path },
      })
    }
    return folder
  } catch (error) {
    await folder.close()
    throw error
  }
}

const fileExists = (path: string) =>
  new HoldfastError('target.exists', `${path} exists already.`, {
    advice: 'Choose a name that is not taken.',
    details: { path },
  })

function cannotMake(error: unknown, path: string): HoldfastError {
  const { code } = error as NodeJS.ErrnoException
  const options = { details: { path, errno: code }, cause: error }
  switch (code) {
    case 'EEXIST':
      return fileExists(path)
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ELOOP':
      return new HoldfastError('target.notFound', `The folder of ${path} does not exist.`, {
        advice: 'Create the folder, or check the path.',
        ...options,
      })
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return new HoldfastError('target.readOnly', `Nothing can be written at ${path}.`, {
        advice: 'Choose another folder.',
        ...options,
      })
    default:
      return new HoldfastError('target.writeFailed', `${path} cannot be made: ${code ?? String(error)}.`, {
        advice: 'Choose another folder.',
        ...options,
      })
  }
}
