import type { z } from 'zod'
import { type ErrorCode, errorCodes, HoldfastError } from '../contract/errors.ts'
import { wireErrorSchema } from '../contract/wireError.ts'

/** The error that a server sent. What it says is kept even when its code is of a newer version. */
export function errorFromWire(value: unknown): HoldfastError {
  const parsed = wireErrorSchema.safeParse(value)
  if (!parsed.success) return new HoldfastError('internal.bug', 'The background service failed without a reason.')
  const { code, message, advice, details, retryable } = parsed.data
  const known = (errorCodes as readonly string[]).includes(code)
  return HoldfastError.fromWire({
    code: known ? (code as ErrorCode) : 'internal.bug',
    message,
    ...(advice === undefined ? {} : { advice }),
    ...(details === undefined ? {} : { details }),
    retryable,
  })
}

/** First lines of what a schema says about a value, with the place of each fault, but never the value. */
export function schemaText(error: z.ZodError): string {
  const faults = error.issues.slice(0, 5).map(issue => {
    const place = issue.path.join('.')
    return place === '' ? issue.message : `${place}: ${issue.message}`
  })
  if (error.issues.length > faults.length) faults.push(`and ${error.issues.length - faults.length} more`)
  return faults.join('; ')
}
