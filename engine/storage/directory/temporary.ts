import { basename, dirname, join } from 'node:path'
import { randomHex } from '../../base/random.ts'

/** No object's name can start like this, because '~' is not allowed in them. */
const prefix = '.tmp~'

/** A new name for the unfinished file of an object, in the object's folder. */
export function temporaryPathFor(objectPath: string): string {
  return join(dirname(objectPath), `${prefix}${randomHex(8)}`)
}

/** The name of the file that is there while an object is given its name; see publish.ts. */
export function claimPathFor(objectPath: string): string {
  return join(dirname(objectPath), `${prefix}claim~${basename(objectPath)}`)
}

/** True for file names (without folder) that this driver gives to files which are no objects. */
export function isTemporaryName(fileName: string): boolean {
  return fileName.startsWith(prefix)
}
