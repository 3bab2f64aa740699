import { type ErrorCode, HoldfastError } from '../../contract/errors.ts'

/** What rclone answered to a call that failed: its words, and a status as HTTP has them (404: nothing of that name). */
export class RcloneFailure extends Error {
  readonly status: number

  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}

/** rclone itself did not answer: it has ended, or was ended. */
export class RcloneLost extends Error {}

interface Kind {
  code: ErrorCode
  pattern: RegExp
  advice: string
  retryable?: true
}

/**
 * rclone has no codes: it passes on what the service of a remote said. The first line that fits decides; what fits none is
 * storage.failed.
 */
const kinds: Kind[] = [
  {
    code: 'config.notFound',
    pattern: /didn't find section in config file|didn't find backend called/i,
    advice: 'See the names of the remotes with "rclone listremotes"; "rclone config" makes a new one.',
  },
  {
    code: 'storage.full',
    pattern:
      /no space left|disk quota|quota ?exceeded|storage ?(limit|quota)|insufficient (storage|space)|out of space/i,
    advice: 'Make room there and run it again; earlier versions are intact.',
  },
  {
    code: 'storage.throttled',
    pattern: /\b429\b|too many requests|rate ?limit|slow ?down|\b503\b/i,
    advice: 'Try again in a while.',
    retryable: true,
  },
  {
    code: 'storage.authFailed',
    pattern:
      /\b40[13]\b|access ?denied|forbidden|unauthori[sz]ed|permission denied|invalid_grant|invalid (access|token|credential)|token (has )?expired|couldn't (login|connect ssh)/i,
    advice:
      'Check the key or the login of the remote, and its rights ("rclone config"); where a service logs in by a browser, "rclone config reconnect REMOTE:".',
  },
  {
    code: 'storage.unreachable',
    pattern:
      /no such host|connection (refused|reset|timed out)|network is unreachable|no route to host|timeout|deadline exceeded|temporary failure|broken pipe|unexpected EOF|tls handshake|\b50[0234]\b/i,
    advice: 'This computer may be offline: check the connection to the network.',
    retryable: true,
  },
  {
    code: 'storage.readOnly',
    pattern: /read-only file system/i,
    advice: 'Remove the write protection there.',
  },
]

/** Turns a failed call into a HoldfastError. Other errors are returned as they are. */
export function translateRcloneError(error: unknown, url: string, what: string): unknown {
  if (error instanceof RcloneLost) {
    return new HoldfastError('storage.unreachable', `rclone ended before it could ${what} at ${url}.`, {
      advice: 'It is started again by itself.',
      details: { url },
      retryable: true,
      cause: error,
    })
  }
  if (!(error instanceof RcloneFailure)) return error
  const kind = kinds.find(({ pattern }) => pattern.test(error.message))
  return new HoldfastError(kind?.code ?? 'storage.failed', `rclone could not ${what} at ${url}: ${wordsOf(error)}.`, {
    advice: kind?.advice ?? 'Run it again; try the remote with "rclone lsd".',
    details: { url, status: error.status },
    retryable: kind?.retryable ?? false,
    cause: error,
  })
}

/** One line, without what only the service itself can make use of. */
const wordsOf = ({ message }: Error): string =>
  message
    .replace(/,? request id: .*$/is, '')
    .replace(/\s+/g, ' ')
    .replace(/[\s.]+$/, '')
