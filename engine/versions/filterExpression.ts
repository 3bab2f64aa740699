import { type FieldName, fieldOf } from './filterFields.ts'

export const comparisonOperators = ['==', '!=', '<', '<=', '>', '>=', 'like'] as const
export type ComparisonOperator = (typeof comparisonOperators)[number]

/** A filter as parsed. Only well-typed filters exist in this form: the parser refuses all others. */
export type FilterExpression =
  /** At least two terms each. */
  | { kind: 'and' | 'or'; terms: FilterExpression[] }
  | { kind: 'not'; term: FilterExpression }
  | { kind: 'constant'; value: boolean }
  /** A field alone: the text is not empty, the flag is set, the number is not 0; a date always is. */
  | { kind: 'field'; field: FieldName }
  /** Sizes are in bytes, durations in milliseconds, dates as the person wrote them. */
  | { kind: 'compare'; field: FieldName; operator: ComparisonOperator; value: string | number | boolean }
  | { kind: 'compareFields'; left: FieldName; operator: Exclude<ComparisonOperator, 'like'>; right: FieldName }
  /** A label alone: the version has it. */
  | { kind: 'label'; key: string }
  /** Both operators need the version to have the label. */
  | { kind: 'compareLabel'; key: string; operator: '==' | '!='; value: string }

/** The filter as text that parses to the same expression. */
export function printFilter(expression: FilterExpression): string {
  switch (expression.kind) {
    case 'or':
    case 'and':
      return expression.terms.map(term => printWithin(term, expression.kind)).join(` ${expression.kind} `)
    case 'not':
      return `not ${printWithin(expression.term, 'not')}`
    case 'constant':
      return String(expression.value)
    case 'field':
      return expression.field
    case 'compare':
      return `${expression.field} ${expression.operator} ${printValue(expression.field, expression.value)}`
    case 'compareFields':
      return `${expression.left} ${expression.operator} ${expression.right}`
    case 'label':
      return printLabel(expression.key)
    case 'compareLabel':
      return `${printLabel(expression.key)} ${expression.operator} ${quote(expression.value)}`
  }
}

/** From loose to tight. A term as loose as what surrounds it needs parentheses, except that `not not x` reads fine. */
const looseness: Record<string, number> = { or: 3, and: 2, not: 1 }

function printWithin(term: FilterExpression, outer: 'or' | 'and' | 'not'): string {
  const inner = looseness[term.kind] ?? 0
  const needed = inner > looseness[outer]! || (term.kind === outer && outer !== 'not')
  return needed ? `(${printFilter(term)})` : printFilter(term)
}

function printValue(field: FieldName, value: string | number | boolean): string {
  if (typeof value === 'string') return quote(value)
  return fieldOf(field).kind === 'duration' ? `${value}ms` : String(value)
}

const printLabel = (key: string): string => `labels[${quote(key)}]`

const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`
