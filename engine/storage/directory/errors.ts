import { constants } from 'node:os'
import { HoldfastError } from '../../contract/errors.ts'
import { objectNotFound } from '../names.ts'

/** Errors that the runtime has no name for; numbers of Linux on every architecture that it runs on. */
const unnamed: [number, string][] = [
  [108, 'ESHUTDOWN'],
  [112, 'EHOSTDOWN'],
  [117, 'EUCLEAN'],
  [121, 'EREMOTEIO'],
  [123, 'ENOMEDIUM'],
]
const errnoNames = new Map<number, string>([
  ...Object.entries(constants.errno).map(([name, number]): [number, string] => [number, name]),
  ...unnamed,
])

/** The name of a failed system call's error, such as ENOSPC; undefined for every other kind of error. */
export function errnoName(error: unknown): string | undefined {
  const { errno, code } = (error ?? {}) as { errno?: unknown; code?: unknown }
  if (typeof errno !== 'number') return undefined
  return errnoNames.get(Math.abs(errno)) ?? (typeof code === 'string' ? code : undefined)
}

/** What was being done when a system call failed. */
export interface FileAction {
  root: string
  /** Object or folder, relative to the root. */
  name: string
  kind: 'read' | 'write'
}

const gone = new Set(['ENODEV', 'ENXIO', 'ESTALE', 'ENOMEDIUM', 'ENOTCONN', 'ESHUTDOWN', 'EREMOTEIO'])
const unreachable = new Set(['EHOSTDOWN', 'EHOSTUNREACH', 'ENETDOWN', 'ENETUNREACH', 'ETIMEDOUT', 'ECONNABORTED'])
const passing = new Set(['EIO', 'EINTR', 'EAGAIN', 'EWOULDBLOCK', 'EBUSY', 'EMFILE', 'ENFILE', 'ENOMEM'])

/** Turns a failed system call into a HoldfastError. Other errors are returned as they are. */
export function translateFileError(error: unknown, action: FileAction): unknown {
  const code = errnoName(error)
  if (code === undefined) return error
  const { root, name, kind } = action
  const options = { details: { path: root, name, errno: code }, cause: error }
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new HoldfastError('storage.full', `There is no room left at ${root}.`, {
        ...options,
        advice: 'Make room there and run it again; earlier versions are intact.',
      })
    case 'EROFS':
      return new HoldfastError('storage.readOnly', `${root} is on a file system that cannot be written to.`, {
        ...options,
        advice: 'Check the drive: remove its write protection, or repair its file system, and run it again.',
      })
    case 'EACCES':
    case 'EPERM':
      return new HoldfastError('storage.authFailed', `No permission to ${kind} ${name} in ${root}.`, {
        ...options,
        advice: 'Run it as the owner of that folder, or give yourself access to it.',
      })
    case 'ENOENT':
    case 'ENOTDIR':
      if (kind === 'read') return objectNotFound(name, root)
      return driveNotConnected(root, `${name} cannot be put there, because a folder is missing`, error)
  }
  if (gone.has(code) || unreachable.has(code)) return driveNotConnected(root, undefined, error)
  const retryable = passing.has(code)
  return new HoldfastError('storage.failed', `Could not ${kind} ${name} in ${root}: ${messageOf(error)}`, {
    ...options,
    retryable,
    advice:
      code === 'EIO' || code === 'EUCLEAN'
        ? 'Check the cable and the health of the drive, and run it again.'
        : 'Run it again; if it fails again, check the drive and its file system.',
  })
}

/** The drive, or the folder on it, is not there. Nothing may be written in its place. */
export function driveNotConnected(root: string, why?: string, cause?: unknown): HoldfastError {
  const reason = why === undefined ? '' : ` (${why})`
  return new HoldfastError('storage.driveNotConnected', `The drive that holds ${root} is not connected${reason}.`, {
    advice: 'Connect it and try again.',
    details: { path: root },
    cause,
  })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
