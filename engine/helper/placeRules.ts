import { realpath } from 'node:fs/promises'
import { dirname, normalize } from 'node:path'
import { HoldfastError } from '../contract/errors.ts'
import { assertDriveMounted, systemTables } from '../storage/directory/prepare.ts'

/** Which folders a person may name to the helper. */

export interface FolderRules {
  mode: 'system' | 'user'
  /** Folders of the helper itself. */
  own: readonly string[]
}

/** What belongs to the system or is made of memory. Where desktops mount drives is below /run. */
const systemFolders = [
  ...['/proc', '/sys', '/dev', '/run', '/boot', '/efi', '/etc', '/usr', '/bin', '/sbin'],
  ...['/lib', '/lib32', '/lib64', '/libx32', '/lost+found'],
]
const exceptions = ['/run/media']

const isWithin = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`)

/** Whether nothing of a person's belongs at a path (absolute and normalised). */
export const isSystemFolder = (path: string): boolean =>
  path === '/' ||
  (systemFolders.some(folder => isWithin(path, folder)) && !exceptions.some(folder => path.startsWith(`${folder}/`)))

/**
 * Fails unless `path` is one that a person may name: absolute, without detours, nothing of the system's or the helper's, and
 * no place where a drive should be mounted and none is (`storage.driveNotConnected`). The system's helper has rights that
 * whoever asks has not, so there no symbolic link may lead elsewhere either. It may be missing. Otherwise `usage.invalid`.
 */
export async function checkFolder(path: string, { mode, own }: FolderRules): Promise<void> {
  const plain = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
  if (!path.startsWith('/') || path.includes('\0') || normalize(plain) !== plain) {
    throw refused(path, 'is no absolute path without detours', 'Give the whole path, from / on, without “.” and “..”.')
  }
  const real = await resolveExisting(plain)
  if (mode === 'system' && real !== plain) {
    // Where to is not told: it may be in a folder into which whoever asks cannot look.
    throw refused(path, 'leads elsewhere by a symbolic link', 'Name the folder itself.')
  }
  for (const one of [plain, real]) {
    if (isSystemFolder(one)) throw refused(path, 'belongs to the system', 'Choose another folder.')
    if (own.some(folder => isWithin(one, folder))) {
      throw refused(
        path,
        'belongs to Holdfast itself',
        'Choose another folder; choose a drive from the list of drives.',
      )
    }
  }
  await assertDriveMounted(plain, systemTables)
}

/** The path without symbolic links, as far as it exists. */
async function resolveExisting(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'EACCES') {
      throw refused(path, `cannot be looked at (${code})`, 'Choose another folder.')
    }
    if (path === '/') return path
    const above = await resolveExisting(dirname(path))
    return `${above === '/' ? '' : above}${path.slice(path.lastIndexOf('/'))}`
  }
}

const refused = (path: string, why: string, advice: string) =>
  new HoldfastError('usage.invalid', `${path} ${why}.`, { advice, details: { path } })
