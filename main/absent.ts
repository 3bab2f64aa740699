import { isHoldfastError } from '../engine/contract/errors.ts'

const causes = ['ENOENT', 'ENOTDIR', 'ECONNREFUSED']

/** True when a connection failed because nobody listens at the socket. */
export function isAbsent(error: unknown): boolean {
  return isHoldfastError(error, 'helper.unreachable') && causes.includes(String(error.details.cause))
}
