import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HoldfastError } from '../contract/errors.ts'
import { type B2Location, bucketText, parseBucket, type S3Location } from './bucketLocations.ts'
import { invalidLocation as invalid, workingForms } from './locationText.ts'
import {
  parseRclone,
  parseSftp,
  type RcloneLocation,
  rcloneText,
  type SftpLocation,
  sftpText,
} from './machineLocations.ts'

export interface FileLocation {
  scheme: 'file'
  path: string
}

/** Where a repository is: what its URL says. Secrets are never a part of it. */
export type StorageLocation = FileLocation | S3Location | B2Location | SftpLocation | RcloneLocation

/**
 * Parses what a person gave as the place of a repository: a plain path, `file:` and a path taken as it is written, a
 * `file://` URL with percent-escapes, or a URL of another scheme. A path is returned as given, perhaps relative. Anything else
 * is `usage.invalid`.
 */
export function parseRepositoryUrl(text: string): StorageLocation {
  if (text.trim() === '') throw invalid(text, 'The place of the repository is empty.')
  if (text.includes('\0')) throw invalid(text, 'The place of the repository contains a NUL character.')
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]
  if (scheme === undefined) return { scheme: 'file', path: text }
  const name = scheme.toLowerCase()
  const rest = text.slice(scheme.length + 1)
  switch (name) {
    case 'file':
      return { scheme: 'file', path: pathOfFileUrl(text) }
    case 's3':
    case 'b2':
      return parseBucket(text, name, rest)
    case 'sftp':
      return parseSftp(text, rest)
    case 'rclone':
      return parseRclone(text, rest)
  }
  throw invalid(
    text,
    `${scheme}: is no kind of repository that Holdfast knows.`,
    `${workingForms} For a relative path with a colon in it, put ./ in front.`,
  )
}

/** The same place has the same text, however it was written. */
export function locationText(location: StorageLocation): string {
  switch (location.scheme) {
    case 'file':
      return `file:${resolve(location.path)}`
    case 's3':
    case 'b2':
      return bucketText(location)
    case 'sftp':
      return sftpText(location)
    case 'rclone':
      return rcloneText(location)
  }
}

/** The folder of a repository on a file system of this computer; undefined for places elsewhere. */
export function folderOf(url: string): string | undefined {
  const location = parseRepositoryUrl(url)
  return location.scheme === 'file' ? location.path : undefined
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
