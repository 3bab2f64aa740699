import { buildComparison, type Operand } from './filterComparison.ts'
import { filterError } from './filterError.ts'
import type { FilterExpression } from './filterExpression.ts'
import { fieldNames, isFieldName } from './filterFields.ts'
import { describeToken, isKeyword, readTokens, type Token } from './filterLexer.ts'
import { isVersionName, requireVersionName } from './naming.ts'

/** Parentheses and nots within each other; far above what anybody writes, far below the end of the stack. */
const maxDepth = 100

/**
 * Reads a filter of versions.
 *
 * From tight to loose: comparisons with == != < <= > >= like, then not, and, or; parentheses. A comparison has exactly
 * two sides: a field (see filterFields.ts) and a value in either order, two fields of one kind, or `labels["key"]` and
 * text with == or !=. `like` compares text with a pattern in which % is any text and _ any one character. A field or a
 * label alone asks whether it is there. Values: 'text' or "text" (\" and \\ inside), numbers with units (10GiB, 4k,
 * 5min; a duration without a unit is in seconds), true, false; dates are text (see filterDates.ts).
 *
 * As a convenience, a filter that is nothing but one word or one quoted text, and neither a field nor a keyword, is the
 * name to look for: `web01` means name == "web01". Quotes force that reading, so "status" looks for the name status.
 *
 * Otherwise usage.filterInvalid with details {text, column}, and `fields` where one is unknown.
 */
export function parseFilter(text: string): FilterExpression {
  const word = text.trim()
  if (isVersionName(word) && !isFieldName(word) && !isKeyword(word) && word !== 'labels') return nameIs(word)
  const tokens = readTokens(text)
  const [first] = tokens
  if (first?.kind === 'text' && tokens.length === 2) {
    if (isVersionName(first.text)) return nameIs(first.text)
    throw filterError(text, first.offset, 'text alone must be the name of a version', whyNoName(first.text))
  }
  return new Parser(text, tokens).parse()
}

const nameIs = (name: string): FilterExpression => ({ kind: 'compare', field: 'name', operator: '==', value: name })

function whyNoName(text: string): string | undefined {
  try {
    requireVersionName(text)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

class Parser {
  readonly #text: string
  readonly #tokens: readonly Token[]
  #next = 0
  #depth = 0

  constructor(text: string, tokens: readonly Token[]) {
    this.#text = text
    this.#tokens = tokens
  }

  parse(): FilterExpression {
    if (this.#peek().kind === 'end') throw this.#error('expected a condition, but there is nothing')
    const expression = this.#chain('or', () => this.#chain('and', () => this.#negation()))
    if (this.#peek().kind !== 'end') throw this.#expected('“and”, “or” or the end')
    return expression
  }

  #chain(word: 'and' | 'or', term: () => FilterExpression): FilterExpression {
    const terms = [term()]
    while (this.#skipKeyword(word)) terms.push(term())
    return terms.length === 1 ? terms[0]! : { kind: word, terms }
  }

  #negation(): FilterExpression {
    if (!this.#peekKeyword('not')) return this.#comparison()
    return this.#deeper(() => {
      this.#next += 1
      return { kind: 'not', term: this.#negation() }
    })
  }

  #comparison(): FilterExpression {
    const left = this.#operand()
    const operator = this.#peek()
    if (operator.kind !== 'operator') return this.#alone(left)
    this.#next += 1
    const right = this.#operand()
    if (this.#peek().kind === 'operator') {
      throw this.#error('a comparison has two sides', 'Join comparisons with “and”.')
    }
    return buildComparison(this.#text, left, operator, right)
  }

  #alone(operand: Operand): FilterExpression {
    switch (operand.kind) {
      case 'field':
        return { kind: 'field', field: operand.field }
      case 'label':
        return { kind: 'label', key: operand.key }
      case 'group':
        return operand.expression
      case 'value':
        if (typeof operand.value === 'boolean') return { kind: 'constant', value: operand.value }
        throw filterError(this.#text, operand.offset, 'a value alone is no condition', 'Compare it with a field.')
    }
  }

  #operand(): Operand {
    const token = this.#peek()
    const { offset } = token
    if (token.kind === 'mark' && token.mark === '(') return this.#deeper(() => this.#group(offset))
    if (token.kind === 'word') return this.#named(token.word, offset)
    if (token.kind === 'text') {
      this.#next += 1
      return { kind: 'value', value: token.text, offset }
    }
    if (token.kind === 'number') {
      this.#next += 1
      return { kind: 'value', value: { digits: token.digits }, offset }
    }
    if (token.kind === 'keyword' && (token.word === 'true' || token.word === 'false')) {
      this.#next += 1
      return { kind: 'value', value: token.word === 'true', offset }
    }
    throw this.#expected('a field, a value or “(”')
  }

  #group(offset: number): Operand {
    this.#next += 1
    const expression = this.#chain('or', () => this.#chain('and', () => this.#negation()))
    this.#take(')', '“and”, “or” or “)”')
    if (expression.kind === 'field') return { kind: 'field', field: expression.field, offset }
    if (expression.kind === 'label') return { kind: 'label', key: expression.key, offset }
    return { kind: 'group', expression, offset }
  }

  #named(word: string, offset: number): Operand {
    if (isFieldName(word)) {
      this.#next += 1
      return { kind: 'field', field: word, offset }
    }
    if (word !== 'labels') {
      const list = `Fields are ${fieldNames.join(', ')} and labels["key"].`
      throw filterError(this.#text, offset, `there is no field “${word}”`, `${list} Text must be in quotes.`, {
        fields: [...fieldNames, 'labels'],
      })
    }
    this.#next += 1
    this.#take('[', '“[” and the key of a label, as in labels["key"]')
    const key = this.#peek()
    if (key.kind !== 'text') throw this.#expected('the key of a label in quotes')
    this.#next += 1
    this.#take(']', '“]”')
    return { kind: 'label', key: key.text, offset }
  }

  #deeper<T>(inner: () => T): T {
    if (this.#depth === maxDepth) throw this.#error('this is nested too deeply')
    this.#depth += 1
    const result = inner()
    this.#depth -= 1
    return result
  }

  #take(mark: string, expected: string): void {
    const token = this.#peek()
    if (token.kind !== 'mark' || token.mark !== mark) throw this.#expected(expected)
    this.#next += 1
  }

  #peekKeyword(word: string): boolean {
    const token = this.#peek()
    return token.kind === 'keyword' && token.word === word
  }

  #skipKeyword(word: string): boolean {
    const found = this.#peekKeyword(word)
    if (found) this.#next += 1
    return found
  }

  #peek(): Token {
    return this.#tokens[this.#next]!
  }

  #expected(what: string): Error {
    return this.#error(`expected ${what} instead of ${describeToken(this.#peek())}`)
  }

  #error(message: string, advice?: string): Error {
    return filterError(this.#text, this.#peek().offset, message, advice)
  }
}
