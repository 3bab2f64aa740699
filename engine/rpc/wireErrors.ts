import type { z } from 'zod'
import { redact } from '../base/logger.ts'
import { type ErrorCode, errorCodes, HoldfastError, type WireError } from '../contract/errors.ts'
import { wireErrorSchema } from '../contract/wireError.ts'

/** An error on its way to the client. */
export type WireFault = WireError

/** More of a text than anybody reads is cut off, so that an error always fits into a frame. */
const longestText = 4096
const mostDetailBytes = 64 * 1024

/**
 * An error as the client may see it. Expected errors cross as they are, with secrets taken out of their details. Of all
 * others only `internal.bug` is told, because their texts and stacks hold paths and data; `debug` adds them.
 */
export function errorToWire(error: unknown, debug = false): WireFault {
  const wire = error instanceof HoldfastError ? error.toWire() : foreign(error, debug)
  const { details, ...rest } = wire
  const safe = details === undefined ? undefined : fittingDetails(details)
  return {
    ...rest,
    message: cut(rest.message),
    ...(rest.advice === undefined ? {} : { advice: cut(rest.advice) }),
    ...(safe === undefined ? {} : { details: safe }),
  }
}

function foreign(error: unknown, debug: boolean): WireError {
  return {
    code: 'internal.bug',
    message: 'Something went wrong inside Holdfast.',
    advice: 'Look into the log of the background service, and report it as a fault.',
    ...(debug ? { details: { error: error instanceof Error ? (error.stack ?? error.message) : String(error) } } : {}),
    retryable: false,
  }
}

const cut = (text: string) => (text.length > longestText ? `${text.slice(0, longestText)}…` : text)

function fittingDetails(details: Record<string, unknown>): Record<string, unknown> | undefined {
  const safe = redact(details) as Record<string, unknown>
  return JSON.stringify(safe).length <= mostDetailBytes ? safe : undefined
}

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
