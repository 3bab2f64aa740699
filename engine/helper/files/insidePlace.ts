import { HoldfastError } from '../../contract/errors.ts'
import { resolveInside } from '../../files/insidePath.ts'

/** The path of a client as parts of names; '' is the root. usage.invalid for anything that is no plain way down. Pure. */
export function requireInsidePath(path: string): string {
  const parts = path === '' ? [] : path.split('/')
  if (!parts.some(part => part === '' || part === '.' || part === '..') && !path.includes('\0')) return path
  throw new HoldfastError('usage.invalid', `${JSON.stringify(path)} is no path inside of a volume.`, {
    advice: 'Name folders and files from the root of the volume on, without a slash at the beginning.',
    details: { path },
  })
}

/**
 * Where something of a volume is; links are followed inside of the volume alone, the last part only with `followLast`. usage.invalid,
 * files.notFound.
 */
export const placeInside = async (root: string, path: string, options: { followLast: boolean }): Promise<string> =>
  await resolveInside(root, requireInsidePath(path), options)
