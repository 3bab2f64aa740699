import { filterError } from './filterError.ts'
import { type ComparisonOperator, comparisonOperators } from './filterExpression.ts'

/** Words with a meaning of their own; capital or small makes no difference to them. */
const keywords = ['and', 'or', 'not', 'like', 'true', 'false'] as const
type Keyword = (typeof keywords)[number]

/** `offset` is where the token begins in the text. */
export type Token = { offset: number } & (
  | { kind: 'word'; word: string }
  | { kind: 'keyword'; word: Exclude<Keyword, 'like'> }
  | { kind: 'operator'; operator: ComparisonOperator }
  | { kind: 'text'; text: string }
  /** Unread, as only the field tells what its unit means. */
  | { kind: 'number'; digits: string }
  | { kind: 'mark'; mark: '(' | ')' | '[' | ']' }
  | { kind: 'end' }
)

/** True for words that can only mean something else than the name of a version. */
export const isKeyword = (word: string): boolean => (keywords as readonly string[]).includes(word.toLowerCase())

const patterns = {
  space: /\s+/y,
  text: /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/sy,
  date: /[0-9]{4}-[0-9]{2}-[0-9]{2}/y,
  number: /-?[0-9]+(?:\.[0-9]+)?[A-Za-z]*/y,
  // All that a version name may have, so that a name without quotes is noticed as one word.
  word: /[A-Za-z_][-A-Za-z0-9_.:/@+]*/y,
  operator: /==|!=|<=|>=|<|>/y,
  mark: /[()[\]]/y,
}

/** What people write from habit, and what it is here. */
const habits: Record<string, string> = { '=': '==', '&': 'and', '|': 'or', '!': 'not' }

/** The tokens of a filter, the last of which is its end. What is no token is usage.filterInvalid. */
export function readTokens(text: string): Token[] {
  const tokens: Token[] = []
  let offset = 0
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = offset
    return pattern.exec(text)?.[0]
  }
  while (offset < text.length) {
    const space = take(patterns.space)
    if (space !== undefined) {
      offset += space.length
      continue
    }
    const [token, length] = readToken(text, offset, take)
    tokens.push(token)
    offset += length
  }
  tokens.push({ kind: 'end', offset })
  return tokens
}

function readToken(text: string, offset: number, take: (pattern: RegExp) => string | undefined): [Token, number] {
  const quoted = take(patterns.text)
  if (quoted !== undefined) return [{ kind: 'text', text: unquote(quoted), offset }, quoted.length]

  const date = take(patterns.date)
  if (date !== undefined) throw filterError(text, offset, 'a date must be in quotes', `Write "${date}".`)

  const digits = take(patterns.number)
  if (digits !== undefined) return [{ kind: 'number', digits, offset }, digits.length]

  const word = take(patterns.word)
  if (word !== undefined) return [readWord(word, offset), word.length]

  const operator = take(patterns.operator)
  if (operator !== undefined)
    return [{ kind: 'operator', operator: operator as ComparisonOperator, offset }, operator.length]

  const mark = take(patterns.mark)
  if (mark !== undefined) return [{ kind: 'mark', mark: mark as '(' | ')' | '[' | ']', offset }, mark.length]

  const character = String.fromCodePoint(text.codePointAt(offset)!)
  if (character === '"' || character === "'") {
    throw filterError(text, offset, 'the text that begins here has no end', `Close it with ${character}.`)
  }
  const instead = habits[character]
  if (instead !== undefined) throw filterError(text, offset, `expected “${instead}” instead of “${character}”`)
  throw filterError(text, offset, `“${character}” means nothing here`, 'Put text in quotes.')
}

function readWord(word: string, offset: number): Token {
  const lower = word.toLowerCase()
  if (lower === 'like') return { kind: 'operator', operator: 'like', offset }
  if (isKeyword(lower)) return { kind: 'keyword', word: lower as Exclude<Keyword, 'like'>, offset }
  return { kind: 'word', word, offset }
}

/** A backslash makes a quote or a backslash plain; before anything else it is itself. */
const unquote = (quoted: string): string => quoted.slice(1, -1).replace(/\\(["'\\])/g, '$1')

/** A token as an error message names it. */
export function describeToken(token: Token): string {
  switch (token.kind) {
    case 'word':
    case 'keyword':
      return `“${token.word}”`
    case 'operator':
      return `“${token.operator}”`
    case 'text':
      return `the text “${token.text}”`
    case 'number':
      return `“${token.digits}”`
    case 'mark':
      return `“${token.mark}”`
    case 'end':
      return 'the end'
  }
}

/** For messages: what may stand between two values. */
export const operatorList = comparisonOperators.join(' ')
