import { HoldfastError, type WireError } from '../contract/errors.ts'
import { displayWidth, printable } from './textLayout.ts'

/** Errors in the words and forms that the command line shows. All functions here are pure. */

/**
 * An error as text for standard error: "holdfast: what happened.", for an expression the place of the mistake under it,
 * and indented below what to do now. With `debug` the stack traces of the error and of its causes follow.
 */
export function errorText(error: unknown, options: { debug: boolean; emphasise?: (text: string) => string }): string {
  const emphasise = options.emphasise ?? (text => text)
  const { message, advice, details } = toWireError(error)
  const lines = [`${emphasise('holdfast:')} ${printable(message)}`, ...placeLines(details)]
  if (advice !== undefined) lines.push(`  ${printable(advice)}`)
  if (options.debug) lines.push(...stackLines(error))
  return `${lines.join('\n')}\n`
}

/** What crosses a process boundary for any thrown value; what is no HoldfastError is a bug of Holdfast. */
export function toWireError(error: unknown): WireError {
  if (error instanceof HoldfastError) return error.toWire()
  const words = error instanceof Error ? error.message : String(error)
  return {
    code: 'internal.bug',
    message: `Something unexpected happened: ${words === '' ? 'no reason was given' : words.replace(/\.$/, '')}.`,
    advice: 'This is a bug in Holdfast: run the command again with --debug and report what it prints.',
    retryable: false,
  }
}

/** The text of an expression with a caret under the column that the details name; nothing for other errors. */
function placeLines(details: Record<string, unknown> | undefined): string[] {
  const { text, column } = details ?? {}
  if (typeof text !== 'string' || typeof column !== 'number') return []
  // One to one, so that the caret stays at its place.
  const shown = text.replace(/[\t\r\n]/g, ' ')
  const before = displayWidth(printable(shown.slice(0, column - 1)))
  return [`    ${printable(shown)}`, `    ${' '.repeat(before)}^`]
}

function stackLines(error: unknown): string[] {
  const lines: string[] = []
  for (let at: unknown = error, depth = 0; at !== undefined && depth < 10; depth++) {
    const words = at instanceof Error ? (at.stack ?? at.message) : String(at)
    const label = depth === 0 ? '' : 'Caused by: '
    lines.push(...`${label}${words}`.split('\n').map(line => `  ${line}`))
    at = at instanceof Error ? at.cause : undefined
  }
  return lines
}
