import { parseBytes, parseDuration } from '../base/bytes.ts'
import { isHoldfastError } from '../contract/errors.ts'
import { dateAdvice, parseFilterDate } from './filterDates.ts'
import { filterError } from './filterError.ts'
import type { ComparisonOperator, FilterExpression } from './filterExpression.ts'
import { type FieldName, fieldOf } from './filterFields.ts'
import { operatorList } from './filterLexer.ts'

/** One side of a comparison, or a condition that turned out to be none. */
export type Operand = { offset: number } & (
  | { kind: 'field'; field: FieldName }
  | { kind: 'label'; key: string }
  /** Numbers are still unread, since only the field tells what their unit means. */
  | { kind: 'value'; value: string | boolean | { digits: string } }
  | { kind: 'group'; expression: FilterExpression }
)

type Field = Extract<Operand, { kind: 'field' }>
type Label = Extract<Operand, { kind: 'label' }>
type Value = Extract<Operand, { kind: 'value' }>
interface Operator {
  operator: ComparisonOperator
  offset: number
}

/** The same comparison seen from the other side. */
const flipped = { '==': '==', '!=': '!=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' } as const

/** Makes a comparison of two operands, or says (usage.filterInvalid) why these cannot be compared this way. */
export function buildComparison(text: string, left: Operand, operator: Operator, right: Operand): FilterExpression {
  for (const side of [left, right]) {
    if (side.kind === 'group') {
      throw filterError(
        text,
        side.offset,
        'a condition in parentheses cannot be compared',
        'Compare fields and values.',
      )
    }
  }
  if (left.kind === 'value' && right.kind === 'value') {
    throw filterError(text, left.offset, 'two values are compared', 'One side must be a field or labels["key"].')
  }
  if (left.kind === 'value') {
    if (operator.operator === 'like') {
      throw filterError(text, left.offset, 'expected a field before “like”', 'Write the pattern after “like”.')
    }
    return buildComparison(text, right, { ...operator, operator: flipped[operator.operator] }, left)
  }
  if (left.kind === 'label' || right.kind === 'label') return compareLabel(text, left, operator, right)
  if (right.kind === 'field') return compareFields(text, left as Field, operator, right)
  return compareField(text, left as Field, operator, right as Value)
}

function compareLabel(text: string, left: Operand, { operator, offset }: Operator, right: Operand): FilterExpression {
  const [label, other] = left.kind === 'label' ? [left, right] : [right as Label, left]
  if (other.kind !== 'value') {
    throw filterError(text, other.offset, 'a label can only be compared with text in quotes')
  }
  if (operator !== '==' && operator !== '!=') {
    throw filterError(text, offset, `labels can be compared with == and != only, not with “${operator}”`)
  }
  if (typeof other.value !== 'string') {
    throw filterError(text, other.offset, 'the value of a label is text', 'Put it in quotes.')
  }
  return { kind: 'compareLabel', key: label.key, operator, value: other.value }
}

function compareFields(text: string, left: Field, { operator, offset }: Operator, right: Field): FilterExpression {
  const kind = fieldOf(left.field).kind
  if ((kind !== 'text' && kind !== 'bytes') || fieldOf(right.field).kind !== kind) {
    throw filterError(text, offset, `${left.field} and ${right.field} cannot be compared with each other`)
  }
  if (operator === 'like') throw filterError(text, right.offset, 'expected a pattern in quotes after “like”')
  return { kind: 'compareFields', left: left.field, operator, right: right.field }
}

function compareField(text: string, { field }: Field, { operator, offset }: Operator, right: Value): FilterExpression {
  const { kind } = fieldOf(field)
  const allowed =
    kind === 'text' ? operatorList : kind === 'choice' || kind === 'flag' ? '== !=' : operatorList.replace(' like', '')
  if (!allowed.split(' ').includes(operator)) {
    throw filterError(text, offset, `${field} cannot be compared with “${operator}”`, `Use one of ${allowed}.`)
  }
  return { kind: 'compare', field, operator, value: readValue(text, field, right) }
}

/** The value as an expression holds it: see FilterExpression. */
function readValue(text: string, name: FieldName, { value, offset }: Value): string | number | boolean {
  const field = fieldOf(name)
  const refuse = (message: string, advice?: string) => filterError(text, offset, message, advice)
  switch (field.kind) {
    case 'flag':
      if (typeof value !== 'boolean') throw refuse(`expected true or false for ${name}`)
      return value
    case 'bytes':
    case 'duration':
      return readNumber(name, field.kind, typeof value === 'object' ? value.digits : value, refuse)
    case 'text':
      if (typeof value !== 'string') throw refuse(`expected text in quotes for ${name}`)
      return value
    case 'choice':
      if (typeof value !== 'string' || !field.choices.includes(value)) {
        const list = field.choices.map(choice => `"${choice}"`).join(', ')
        throw refuse(`${name} is never that`, `It is one of ${list}.`)
      }
      return value
    case 'date':
      if (typeof value !== 'string') throw refuse('expected a date in quotes', dateAdvice)
      if (!parseFilterDate(value)) throw refuse(`“${value}” is not a date since 1970`, dateAdvice)
      return value
  }
}

function readNumber(
  name: FieldName,
  kind: 'bytes' | 'duration',
  value: string | boolean,
  refuse: (message: string, advice?: string) => Error,
): number {
  const what = kind === 'bytes' ? 'a size such as 10GiB' : 'a duration such as 5min'
  if (typeof value === 'boolean') throw refuse(`expected ${what} for ${name}`)
  const negative = value.startsWith('-')
  try {
    const read = (kind === 'bytes' ? parseBytes : parseDuration)(negative ? value.slice(1) : value)
    return negative && read !== 0 ? -read : read
  } catch (error) {
    if (!isHoldfastError(error, 'usage.invalid')) throw error
    throw refuse(`expected ${what} for ${name}, but ${error.message.replace(/\.$/, '')}`, error.advice)
  }
}
