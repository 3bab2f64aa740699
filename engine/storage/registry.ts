import { fileURLToPath } from 'node:url'
import { HoldfastError } from '../contract/errors.ts'
import type { Storage } from './storage.ts'

/** A parsed repository URL. One member per scheme that works. */
export type StorageLocation = { scheme: 'file'; path: string }

export interface OpenStorageOptions {
  /**
   * What the caller expects to find:
   * - `repository` (default): a place that holds a `config`; otherwise `repository.notFound`.
   * - `folder`: a place that exists, perhaps damaged; otherwise `repository.notFound`.
   * - `nothing`: a place for a new repository; it may be missing, and `prepare` must come first.
   */
  expect?: 'repository' | 'folder' | 'nothing'
}

/** How to open each kind of location. */
export type StorageFactories = {
  [Scheme in StorageLocation['scheme']]: (
    location: Extract<StorageLocation, { scheme: Scheme }>,
    options?: OpenStorageOptions,
  ) => Promise<Storage>
}

const plannedSchemes = ['s3', 'b2', 'sftp']
const workingForms = 'Give a folder, as a path (/media/drive/backup) or as file:/media/drive/backup.'

/**
 * Parses what a person gave as the place of a repository: a plain path, `file:` and a path taken as it is written, or a
 * `file://` URL with percent-escapes. The path is returned as given, perhaps relative. Anything else is `usage.invalid`.
 */
export function parseRepositoryUrl(text: string): StorageLocation {
  if (text.trim() === '') throw invalid(text, 'The place of the repository is empty.')
  if (text.includes('\0')) throw invalid(text, 'The place of the repository contains a NUL character.')
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]
  if (scheme === undefined) return { scheme: 'file', path: text }
  const name = scheme.toLowerCase()
  if (name === 'file') return { scheme: 'file', path: pathOfFileUrl(text) }
  if (plannedSchemes.includes(name)) {
    throw invalid(text, `Repositories on ${name}: are not supported yet; only folders (file:) are.`)
  }
  throw invalid(
    text,
    `${scheme}: is no kind of repository that Holdfast knows.`,
    `${workingForms} For a relative path with a colon in it, put ./ in front.`,
  )
}

/** Opens the storage at `url`, which parseRepositoryUrl understands. Errors are those of parsing and of the driver. */
export function openStorage(url: string, factories: StorageFactories, options?: OpenStorageOptions): Promise<Storage> {
  const location = parseRepositoryUrl(url)
  return factories[location.scheme](location, options)
}

function pathOfFileUrl(text: string): string {
  const rest = text.slice('file:'.length)
  if (rest === '') throw invalid(text, 'There is no path after file:.')
  if (!rest.startsWith('//')) return rest
  try {
    const url = new URL(text)
    if (url.search !== '' || url.hash !== '') {
      throw invalid(text, 'A file:// URL has no ? or # part.', 'Write ? as %3F and # as %23, or give the plain path.')
    }
    return fileURLToPath(url)
  } catch (error) {
    if (error instanceof HoldfastError) throw error
    throw invalid(text, `${text} is no URL of a file on this computer.`, undefined, error)
  }
}

function invalid(text: string, message: string, advice = workingForms, cause?: unknown): HoldfastError {
  return new HoldfastError('usage.invalid', message, { advice, details: { url: text }, cause })
}
