import { posix } from 'node:path'
import { HoldfastError, throwIfAborted } from '../../contract/errors.ts'
import { configName, isFurniture } from '../directory/prepare.ts'
import { isTemporaryName } from '../directory/temporary.ts'
import { alreadyExists, isObjectName } from '../names.ts'
import { isMissing } from './errors.ts'
import { type SftpSession, statusOf } from './session.ts'
import { entriesOf, statIfThere } from './walk.ts'

const folderMode = 0o700

export interface NewPlace {
  session: SftpSession
  root: string
  url: string
  folders: readonly string[]
}

/**
 * Throws unless the place is missing, or a folder in which nothing is but `folders` without objects. `repository.alreadyExists`
 * when it holds objects, `storage.objectExists` when it holds anything else or is no folder.
 */
export async function assertVacant(place: NewPlace): Promise<void> {
  const { session, root, url } = place
  const stats = await statIfThere(session, root)
  if (stats && !stats.isDirectory()) throw inTheWay(url, `${url} is a file.`)
  const wanted = new Set(place.folders.flatMap(withParents))
  const names = await strangers(place, '', wanted)
  const [first] = names
  if (first === undefined) return
  if (names.includes(configName)) throw alreadyExists(url, configName)
  const object = names.find(name => wanted.has(posix.dirname(name)) && isObjectName(name))
  if (object !== undefined) throw alreadyExists(url, object)
  throw inTheWay(url, `${url} is not empty (it holds ${first}).`)
}

/** Creates the place (its parent must exist) and the folders in it. What is there already stays, so that this can be repeated. */
export async function createFolders({ session, root, url, folders }: NewPlace, signal?: AbortSignal): Promise<void> {
  try {
    await makeFolder(session, root)
  } catch (error) {
    if (!isMissing(error)) throw error
    throw new HoldfastError(
      'repository.notFound',
      `${url} cannot be made: ${posix.dirname(root)} does not exist there.`,
      {
        advice: 'Make that folder on the server first, or check the path.',
        details: { url },
        cause: error,
      },
    )
  }
  // Parents come first, because withParents names them first.
  for (const folder of new Set(folders.flatMap(withParents))) {
    throwIfAborted(signal)
    await makeFolder(session, `${root}/${folder}`)
  }
}

/** 'a/b/c' → 'a', 'a/b', 'a/b/c'. */
function withParents(folder: string): string[] {
  const segments = folder.split('/')
  return segments.map((_, index) => segments.slice(0, index + 1).join('/'))
}

/** Names, relative to the root, of everything that an empty new repository would not have. */
async function strangers({ session, root }: NewPlace, folder: string, wanted: ReadonlySet<string>): Promise<string[]> {
  const found: string[] = []
  const visit = async (current: string): Promise<void> => {
    for (const { filename, attrs } of await entriesOf(session, `${root}/${current}`)) {
      const name = current === '' ? filename : `${current}/${filename}`
      if (attrs.isDirectory() && wanted.has(name)) await visit(name)
      else if (!isTemporaryName(filename) && !(current === '' && isFurniture(filename))) found.push(name)
    }
  }
  await visit(folder)
  return found
}

/** A server has no number of its own for a name that is taken. */
async function makeFolder(session: SftpSession, path: string): Promise<void> {
  try {
    await session.mkdir(path, folderMode)
  } catch (error) {
    if (statusOf(error) === undefined || !(await statIfThere(session, path))?.isDirectory()) throw error
  }
}

function inTheWay(url: string, message: string): HoldfastError {
  return new HoldfastError('storage.objectExists', message, {
    advice: 'Choose an empty or a new folder for the repository.',
    details: { url },
  })
}
