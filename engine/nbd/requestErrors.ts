import { type ErrorCode, HoldfastError } from '../contract/errors.ts'
import type { ErrorName } from './protocol.ts'

const byCode: Partial<Record<ErrorCode, ErrorName>> = {
  'run.cancelled': 'ESHUTDOWN',
  'usage.invalid': 'EINVAL',
  'storage.full': 'ENOSPC',
  'target.full': 'ENOSPC',
  'storage.readOnly': 'EPERM',
  'target.readOnly': 'EPERM',
  'access.denied': 'EPERM',
}

/** What a client is told of a failure: a number, and words for people. Errors that nobody expected are not for strangers. */
export function requestError(error: unknown): { error: ErrorName; why: string } {
  if (!(error instanceof HoldfastError)) return { error: 'EIO', why: 'The server has failed.' }
  return { error: byCode[error.code] ?? 'EIO', why: error.message }
}
