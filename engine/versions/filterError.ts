import { HoldfastError } from '../contract/errors.ts'

/**
 * usage.filterInvalid. Its details are the whole `text` and the `column` (from 1, in UTF-16 units) at which to put a caret.
 * `message` goes on from "wrong at column N:" and says what was expected.
 */
export function filterError(
  text: string,
  offset: number,
  message: string,
  advice = 'Write for example: name == "web01" and date < "1 week ago".',
  details: Record<string, unknown> = {},
): HoldfastError {
  const column = offset + 1
  return new HoldfastError('usage.filterInvalid', `The filter “${text}” is wrong at column ${column}: ${message}.`, {
    advice,
    details: { text, column, ...details },
  })
}
