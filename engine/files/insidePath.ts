import { lstat, readlink } from 'node:fs/promises'
import { HoldfastError } from '../contract/errors.ts'

/** Linux itself follows so many; path_resolution(7). */
const mostLinks = 40

/** The parts of a path as people write it, without empty ones and "."; ".." stays. */
export const partsOf = (path: string): string[] => path.split('/').filter(part => part !== '' && part !== '.')

/**
 * Finds a path below `root` as if that were the root of all files: links on the way are followed inside of it, absolute ones
 * from `root`, and ".." ends there. The last part is followed only with `followLast`. The tree must be one that nobody changes
 * in the meantime. Answers with the path as seen from outside, which has no links in it but perhaps the last part. Fails with
 * files.notFound.
 */
export async function resolveInside(
  root: string,
  path: string,
  { followLast }: { followLast: boolean },
): Promise<string> {
  const missing = (why: string) =>
    new HoldfastError('files.notFound', `${path === '' ? '/' : path} ${why} in this version.`, {
      advice: 'List the folder above it with "holdfast files VERSION PATH"; names differ in upper and lower case.',
      details: { path },
    })
  const rest = partsOf(path)
  const found: string[] = []
  let links = 0
  while (rest.length > 0) {
    const part = rest.shift()!
    if (part === '..') {
      found.pop()
      continue
    }
    const here = [root, ...found, part].join('/')
    const facts = await lstat(here).catch(() => undefined)
    if (!facts) throw missing('is not there')
    const isLast = rest.length === 0
    if (facts.isSymbolicLink() && (!isLast || followLast)) {
      if (++links > mostLinks) throw missing('goes in circles')
      const target = await readlink(here)
      if (target.startsWith('/')) found.length = 0
      rest.unshift(...partsOf(target))
      continue
    }
    if (!isLast && !facts.isDirectory()) throw missing(`leads through ${part}, which is no folder`)
    found.push(part)
  }
  return [root, ...found].join('/')
}
