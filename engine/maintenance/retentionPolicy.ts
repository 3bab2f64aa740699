import { HoldfastError } from '../contract/errors.ts'
import { type RetentionPeriod, retentionPeriods } from '../contract/models.ts'

/**
 * How much to keep: the newest `latest` versions, and one version for each of the given numbers of past hours, days,
 * weeks, months and years. Counts are positive integers; at least one is given.
 */
export type RetentionPolicy = { [Element in 'latest' | RetentionPeriod]?: number }

/** In the order in which they are applied, and in which a policy is printed. */
export const policyElements = ['latest', ...retentionPeriods] as const

const isElement = (word: string): word is (typeof policyElements)[number] =>
  (policyElements as readonly string[]).includes(word)

/**
 * Reads `latest3,hours24,days30,months3`: elements joined by commas without spaces, each word at most once, counts from 1,
 * in any order.
 *
 * Otherwise usage.policyInvalid. Its details are the whole `text` and the `column` (from 1, in UTF-16 units) at which to put
 * a caret; the message says what was expected there.
 */
export function parseRetentionPolicy(text: string): RetentionPolicy {
  const policy: RetentionPolicy = {}
  let start = 0
  for (const element of text.split(',')) {
    const refuse = (offset: number, message: string) => policyError(text, start + offset + 1, message)
    const [, word = '', digits = '', rest = ''] = /^([A-Za-z]*)([0-9]*)(.*)$/s.exec(element)!
    if (element === '') throw refuse(0, `expected ${wordList} with a count, but there is nothing`)
    if (/^\s/.test(element)) throw refuse(0, 'expected no space here')
    if (word === '') throw refuse(0, `expected ${wordList} before “${firstOf(element)}”`)
    if (!isElement(word)) throw refuse(0, `expected ${wordList} instead of “${word}”`)
    if (digits === '') throw refuse(word.length, `expected a count after “${word}”`)
    if (rest !== '') {
      throw refuse(word.length + digits.length, `expected a comma or the end after “${word}${digits}”`)
    }
    const count = Number(digits)
    if (count < 1 || !Number.isSafeInteger(count)) {
      throw refuse(word.length, `expected a count from 1 to ${Number.MAX_SAFE_INTEGER} after “${word}”`)
    }
    if (policy[word] !== undefined) throw refuse(0, `expected “${word}” only once`)
    policy[word] = count
    start += element.length + 1
  }
  return policy
}

/** The policy as text that parses to the same policy, elements in their usual order. */
export const formatRetentionPolicy = (policy: RetentionPolicy): string =>
  policyElements.flatMap(word => (policy[word] === undefined ? [] : `${word}${policy[word]}`)).join(',')

const wordList = `${policyElements.slice(0, -1).join(', ')} or ${policyElements.at(-1)}`

const firstOf = (text: string): string => String.fromCodePoint(text.codePointAt(0)!)

function policyError(text: string, column: number, message: string): HoldfastError {
  return new HoldfastError(
    'usage.policyInvalid',
    `The retention policy “${text}” is wrong at column ${column}: ${message}.`,
    {
      advice:
        'Write elements with counts, joined by commas without spaces, for example latest3,hours24,days30,months3.',
      details: { text, column },
    },
  )
}
