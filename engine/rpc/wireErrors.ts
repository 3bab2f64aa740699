import { redact } from '../base/logger.ts'
import { HoldfastError, type WireError } from '../contract/errors.ts'

/** More of a text than anybody reads is cut off, so that an error always fits into a frame. */
const longestText = 4096
const mostDetailBytes = 64 * 1024

/**
 * An error as the client may see it. Expected errors cross as they are, with secrets taken out of their details. Of all
 * others only `internal.bug` is told, because their texts and stacks hold paths and data; `debug` adds them.
 */
export function errorToWire(error: unknown, debug = false): WireError {
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
