import { HoldfastError } from '../../contract/errors.ts'
import { objectNotFound } from '../names.ts'
import { networkError } from '../networkErrors.ts'
import { ConnectionLost, statusOf } from './session.ts'

/**
 * Numbers of SFTP's answers: up to 8 of version 3 (draft-ietf-secsh-filexfer-02, section 7), the others of later versions, which
 * some servers give all the same. OpenSSH answers `failure` to everything that it has no number for.
 */
export const status = {
  noSuchFile: 2,
  permissionDenied: 3,
  failure: 4,
  unsupported: 8,
  noSuchPath: 10,
  fileExists: 11,
  writeProtected: 12,
  noSpace: 14,
  quotaExceeded: 15,
} as const

/** What was being done when a request failed. */
export interface SftpAction {
  url: string
  name: string
  kind: 'read' | 'write' | 'delete'
}

export function isMissing(error: unknown): boolean {
  const code = statusOf(error)
  return code === status.noSuchFile || code === status.noSuchPath
}

/** Turns a failed request into a HoldfastError. Other errors are returned as they are. */
export function translateSftpError(error: unknown, { url, name, kind }: SftpAction): unknown {
  if (error instanceof ConnectionLost) return unreachable(url, `The connection to ${url} broke`, error)
  const code = statusOf(error)
  if (code === undefined) return error
  const options = { details: { url, name, status: code }, cause: error }
  switch (code) {
    case status.noSuchFile:
    case status.noSuchPath:
      return kind === 'read' ? objectNotFound(name, url) : folderMissing(url, name, error)
    case status.permissionDenied:
      if (kind === 'delete') {
        return new HoldfastError('storage.deleteRefused', `${url} does not let ${name} be removed or replaced.`, {
          ...options,
          advice: 'Use a login that may, if this one is meant to add only.',
        })
      }
      return new HoldfastError('storage.authFailed', `No permission to ${kind} ${name} at ${url}.`, {
        ...options,
        advice: 'Give the user that logs in access to that folder.',
      })
    case status.writeProtected:
      return new HoldfastError('storage.readOnly', `${url} is on a file system that cannot be written to.`, {
        ...options,
        advice: 'Check the file system on the server.',
      })
    case status.noSpace:
    case status.quotaExceeded:
      return full(url, error)
  }
  return new HoldfastError('storage.failed', `Could not ${kind} ${name} at ${url}: ${(error as Error).message}.`, {
    ...options,
    advice: 'Run it again; if it fails again, check the disk and the quota on the server.',
  })
}

/** Turns what kept a connection from being made into a HoldfastError. Those are returned as they are. */
export function translateConnectError(
  error: unknown,
  { url, user, server }: { url: string; user: string; server: string },
): HoldfastError {
  if (error instanceof HoldfastError) return error
  const { level, message = String(error) } = error as { level?: string; message?: string }
  if (level === 'client-authentication' || /authentication fail/i.test(message)) {
    return new HoldfastError('storage.authFailed', `${url} does not let ${user} in.`, {
      advice: 'Check the user, and that the public half of the key is in authorized_keys on the server.',
      details: { url, user },
      cause: error,
    })
  }
  if (level === 'subsystem') {
    return new HoldfastError('storage.failed', `${url} lets ${user} in, but offers no SFTP: ${message}.`, {
      advice: 'Turn on the subsystem sftp in the configuration of the server.',
      details: { url, user },
      cause: error,
    })
  }
  if (level === 'handshake') {
    return new HoldfastError('storage.failed', `No common ground with ${url}: ${message}.`, {
      advice: 'Update the SSH server.',
      details: { url },
      cause: error,
    })
  }
  return (
    networkError(error, { url, server }) ??
    unreachable(url, `The server ${server} of ${url} cannot be reached: ${message}`, error)
  )
}

export function full(url: string, cause?: unknown): HoldfastError {
  return new HoldfastError('storage.full', `There is no room left at ${url}.`, {
    advice: 'Make room there and run it again; earlier versions are intact.',
    details: { url },
    cause,
  })
}

/** The folder that holds everything, or one in it, is not there: most likely a disk of the server. */
export function folderMissing(url: string, name: string, cause?: unknown): HoldfastError {
  return new HoldfastError(
    'storage.driveNotConnected',
    `${url} has no folder for ${name}; a disk may be missing there.`,
    {
      advice: 'Check that the disk with the repository is connected to the server, and try again.',
      details: { url, name },
      cause,
    },
  )
}

function unreachable(url: string, message: string, cause: unknown): HoldfastError {
  return new HoldfastError('storage.unreachable', `${message.replace(/\.$/, '')}.`, {
    advice: 'Check the connection to the network, and whether the server is running.',
    details: { url },
    retryable: true,
    cause,
  })
}
