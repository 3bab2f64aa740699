import { HoldfastError } from '../contract/errors.ts'
import type { Range } from './storage.ts'

/** The most characters that an object's name may have. Every storage in use can hold that many. */
export const maxNameLength = 200

const segmentShape = /^[a-z0-9._-]+$/

/** True for one part of a name between slashes. */
export function isNameSegment(segment: string): boolean {
  return segmentShape.test(segment) && segment !== '.' && segment !== '..'
}

/** True when `name` may name an object: see the guarantees in storage.ts. */
export function isObjectName(name: string): boolean {
  return name.length <= maxNameLength && name.split('/').every(isNameSegment)
}

/** Throws `internal.bug` for anything that cannot name an object. Names never come from a person. */
export function assertObjectName(name: string): void {
  if (!isObjectName(name)) throw badName('an object', name)
}

/** Throws `internal.bug` for anything that cannot name a folder. A folder is named like an object. */
export function assertFolderName(folder: string): void {
  if (!isObjectName(folder)) throw badName('a folder', folder)
}

/** Throws `internal.bug` unless the range is made of safe integers, offset at least 0 and length at least 1. */
export function assertRange(name: string, range: Range): void {
  const end = range.offset + range.length
  if (Number.isSafeInteger(range.offset) && Number.isSafeInteger(range.length) && Number.isSafeInteger(end)) {
    if (range.offset >= 0 && range.length >= 1) return
  }
  throw new HoldfastError('internal.bug', `The range ${range.offset}+${range.length} of ${name} makes no sense.`, {
    advice: 'Report this as a bug.',
    details: { name, offset: range.offset, length: range.length },
  })
}

/** The error for a range that ends beyond the object. */
export function rangeInvalid(name: string, range: Range, sizeBytes: number): HoldfastError {
  const asked = `bytes ${range.offset} to ${range.offset + range.length}`
  return new HoldfastError('storage.rangeInvalid', `${name} has ${sizeBytes} bytes; ${asked} were asked for.`, {
    advice: 'Check the repository: this object is shorter than it was when it was written.',
    details: { name, offset: range.offset, length: range.length, sizeBytes },
  })
}

/** The error for an object that is not there. */
export function objectNotFound(name: string, url: string): HoldfastError {
  return new HoldfastError('storage.objectNotFound', `There is no object ${name} at ${url}.`, {
    advice: 'Check the repository.',
    details: { name, url },
  })
}

/** The error for an object that is in the way of a put without `overwrite`. */
export function objectExists(name: string, url: string): HoldfastError {
  return new HoldfastError('storage.objectExists', `There is already an object ${name} at ${url}.`, {
    advice: 'Nothing was changed; run it again, which chooses a new name.',
    details: { name, url },
  })
}

/** Here objects are put to learn what a key may; one that may not remove leaves them, in nobody's way. */
export const trialFolder = 'trial'

/** The error of `prepare` for a place that holds something else. */
export function notEmpty(
  url: string,
  name: string,
  advice = 'Choose an empty or a new folder for the repository.',
): HoldfastError {
  return new HoldfastError('storage.objectExists', `${url} is not empty (it holds ${name}).`, {
    advice,
    details: { url, name },
  })
}

/** The error of `prepare` for a place that holds a repository, whole or in parts. */
export function alreadyExists(url: string, name: string): HoldfastError {
  return new HoldfastError('repository.alreadyExists', `There is already a repository at ${url} (it holds ${name}).`, {
    advice: 'Use the repository that is there, or choose an empty folder for a new one.',
    details: { url, name },
  })
}

function badName(what: string, name: string): HoldfastError {
  return new HoldfastError('internal.bug', `${JSON.stringify(name)} cannot name ${what} of a storage.`, {
    advice: 'Report this as a bug.',
    details: { name },
  })
}
