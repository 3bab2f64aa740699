import { cancelled, type ErrorOptions, HoldfastError, isHoldfastError } from '../../contract/errors.ts'
import { networkError, plain, type Server } from '../networkErrors.ts'
import { type ErrorAnswer, errorAnswer, retryAfterMs } from './answers.ts'

/** What was being done when a request failed. */
export interface S3Action extends Server {
  kind: 'open' | 'list' | 'versions' | 'read' | 'write' | 'lock' | 'delete'
  /** The object, where it is about one. */
  name?: string
  bucket: string
  region: string
  /** Wall clock of this computer, milliseconds since 1970 UTC. */
  now: number
}

/** Which right each action needs, at AWS and at Backblaze. */
const rights: Record<S3Action['kind'], string> = {
  open: 's3:ListBucket (Backblaze: listFiles)',
  list: 's3:ListBucket (Backblaze: listFiles)',
  versions: 's3:ListBucketVersions (Backblaze: listFiles)',
  lock: 's3:PutObjectRetention and s3:GetObjectRetention (Backblaze: writeFileRetentions and readFileRetentions)',
  read: 's3:GetObject (Backblaze: readFiles)',
  write: 's3:PutObject (Backblaze: writeFiles)',
  delete: 's3:DeleteObject (Backblaze: deleteFiles)',
}

/** S3 refuses requests that are signed at a time further from its own. */
const toleratedSkewMs = 15 * 60_000

const wrongKey = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidSecurity',
  'NotSignedUp',
  'Unauthorized',
])
const expired = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'TokenRefreshRequired',
  'InvalidToken',
  'RequestExpired',
])
const full = new Set(['QuotaExceeded', 'XMinioStorageFull', 'XMinioAdminBucketQuotaExceeded', 'InsufficientStorage'])
const elsewhere = new Set(['PermanentRedirect', 'IllegalLocationConstraintException', 'AuthorizationHeaderMalformed'])
const locked = new Set(['ObjectLocked', 'InvalidObjectLock', 'MethodNotAllowed', 'WORMProtected'])
const busy = new Set(['SlowDown', 'Throttling', 'ThrottlingException', 'TooManyRequests', 'RequestLimitExceeded'])
/** The request did not arrive as it was sent, or met another one. */
const passing = new Set([
  'RequestTimeout',
  'IncompleteBody',
  'BadDigest',
  'InvalidDigest',
  'XAmzContentSHA256Mismatch',
  'OperationAborted',
  'ConditionalRequestConflict',
  'InternalError',
])

/**
 * Turns what the SDK throws into a HoldfastError: an answer that refuses, a connection that fails, a call that was stopped.
 * A mistake in the program stays as it is. No secret is in any of them.
 */
export function translateS3Error(error: unknown, action: S3Action, signal?: AbortSignal): unknown {
  if (isHoldfastError(error)) return error
  const { name } = (error ?? {}) as { name?: unknown }
  if (name === 'AbortError') return signal?.aborted ? cancelled() : tooSlow(action)
  if (name === 'CredentialsProviderError') return noKey(error, action)
  const answer = errorAnswer(error)
  // A connection that breaks while an answer is read has both.
  return networkError(error, action) ?? (answer ? fromAnswer(error, answer, action) : error)
}

function fromAnswer(error: unknown, answer: ErrorAnswer, action: S3Action): HoldfastError {
  const { status, code, message } = answer
  const { bucket, url, name, kind, now } = action
  const base = {
    details: { url, bucket, status, code, ...(name !== undefined && { name }) },
    cause: plain(error),
  }
  const fail = (...[errorCode, text, options]: [HoldfastError['code'], string, ErrorOptions]) =>
    new HoldfastError(errorCode, text, { ...base, ...options, details: { ...base.details, ...options.details } })
  const skew = clockSkew(answer, now)
  if (skew !== undefined) {
    const [here, there] = [iso(now), iso(skew.serverNow)]
    return fail('storage.clockSkewed', `The clock of this computer shows ${here}, that of the server ${there}.`, {
      advice: 'Set the clock of this computer, best by turning time synchronisation on.',
      details: { here, there },
    })
  }
  if (code === 'NoSuchBucket' || (status === 404 && kind === 'open')) {
    return fail('storage.bucketNotFound', `There is no bucket ${bucket} at ${action.server}.`, {
      advice: 'Check its name and the server; make the bucket there if it is to be a new one.',
    })
  }
  if (isElsewhere(answer, action.region)) {
    const where = answer.region ? `in the region ${answer.region}` : 'elsewhere'
    const option = answer.region ? `region=${answer.region}` : 'region=… or endpoint=…'
    return fail('storage.failed', `The bucket ${bucket} is not in the region ${action.region} but ${where}.`, {
      advice: `Write ${option} behind the question mark of its URL.`,
      details: { region: action.region, ...(answer.region && { bucketRegion: answer.region }) },
    })
  }
  if (wrongKey.has(code) || status === 401) {
    return fail('storage.authFailed', `${action.server} does not know this key id with this secret key.`, {
      advice: 'Check both, and that the key is of this provider.',
    })
  }
  if (expired.has(code)) {
    return fail('storage.authFailed', `The key for ${url} has expired.`, {
      advice: 'Give a new one, and run it again; what is already stored counts.',
    })
  }
  if (code === 'UserSuspended' || code === 'AccountProblem' || code === 'AllAccessDisabled') {
    return fail('storage.authFailed', `The account of the key for ${url} is suspended.`, {
      advice: 'Ask the provider.',
    })
  }
  if (full.has(code) || status === 507 || /cap exceeded/i.test(message)) {
    return fail('storage.full', `The limit of the account or the bucket ${bucket} is reached.`, {
      advice: 'Raise it with the provider, or make room, and run it again; earlier versions are intact.',
    })
  }
  if (kind === 'delete' && (status === 403 || locked.has(code))) {
    return fail('storage.deleteRefused', `${url} does not let ${name} be removed.`, {
      advice:
        'The object is locked, or the key may not remove: use the key of the owner, or wait until the lock has run out.',
      details: { right: rights.delete },
    })
  }
  if (status === 403) {
    return fail('storage.authFailed', `The key for ${url} may not ${verbs[kind]}${name ? ` ${name}` : ''}.`, {
      advice: `Give it the right ${rights[kind]} for the bucket ${bucket}, or use another key.`,
      details: { right: rights[kind] },
    })
  }
  if (status === 400 && /object ?lock/i.test(message)) return noObjectLock(url, bucket, base)
  const waitMs = retryAfterMs(answer.headers['retry-after'], now)
  const wait = waitMs === undefined ? {} : { retryAfterMs: waitMs }
  if (busy.has(code) || status === 429 || status === 503) {
    return fail('storage.throttled', `${action.server} asks to be called more slowly.`, {
      advice: 'Try again in a while.',
      details: wait,
      retryable: true,
    })
  }
  const isPassing = status >= 500 ? status !== 501 : passing.has(code) || status === 408
  const object = name === undefined ? '' : ` ${name}`
  return fail('storage.failed', `${action.server} could not ${verbs[kind]}${object}: ${code} (${status}).`, {
    advice: adviceFor(code, isPassing),
    details: wait,
    retryable: isPassing,
  })
}

/** The error for a place that is to lock objects in a bucket that cannot. */
export function noObjectLock(url: string, bucket: string, options: ErrorOptions = {}): HoldfastError {
  return new HoldfastError(
    'storage.noObjectLock',
    `The bucket ${bucket} has no object lock, so nothing in it can be locked.`,
    {
      ...options,
      advice:
        'Turn object lock on for it at the provider (many can do that only when a bucket is made), without a default retention; or leave the option lock out.',
      details: { ...options.details, url, bucket },
    },
  )
}

const verbs: Record<S3Action['kind'], string> = {
  open: 'list the bucket',
  list: 'list the bucket',
  versions: 'list the versions of',
  lock: 'lock',
  read: 'read',
  write: 'write',
  delete: 'remove',
}

function adviceFor(code: string, isPassing: boolean): string {
  switch (code) {
    case 'InvalidStorageClass':
      return 'Choose a storage class that this server has, or leave the option class out.'
    case 'InvalidObjectState':
      return 'The object is in an archive: have the provider bring it back first.'
  }
  return isPassing ? 'Run it again.' : 'Check the options of the place, and what the provider says to this code.'
}

/** The server's time when it is so far from ours that it refuses what we sign. */
function clockSkew({ status, code, headers }: ErrorAnswer, now: number): { serverNow: number } | undefined {
  const serverNow = Date.parse(headers.date ?? '')
  if (code === 'RequestTimeTooSkewed') return { serverNow: Number.isNaN(serverNow) ? now : serverNow }
  // Answers to HEAD do not say why they refuse.
  const saysWhy = !['Forbidden', 'Unknown', 'UnknownError', '403'].includes(code)
  const isFar = Math.abs(serverNow - now) > toleratedSkewMs
  return status === 403 && !saysWhy && isFar ? { serverNow } : undefined
}

function isElsewhere(answer: ErrorAnswer, region: string): boolean {
  if (elsewhere.has(answer.code) || answer.status === 301 || answer.status === 307) return true
  return answer.status === 400 && answer.region !== undefined && answer.region !== region
}

function tooSlow(action: S3Action): HoldfastError {
  return new HoldfastError('storage.unreachable', `The connection to ${action.server} is too slow to go on.`, {
    advice: 'Check the connection to the network.',
    details: { url: action.url, server: action.server },
    retryable: true,
  })
}

function noKey(error: unknown, action: S3Action): HoldfastError {
  return new HoldfastError('storage.authFailed', `The key for ${action.url} cannot be renewed.`, {
    advice: 'Log in again with the provider, or give a key that does not expire.',
    details: { url: action.url },
    cause: plain(error),
  })
}

const iso = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
