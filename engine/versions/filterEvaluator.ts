import type { Version } from '../contract/models.ts'
import { parseFilterDate, resolveFilterDate, type TimeSpan } from './filterDates.ts'
import type { ComparisonOperator, FilterExpression } from './filterExpression.ts'
import { type FilterField, fieldOf } from './filterFields.ts'
import { parseFilter } from './filterParser.ts'

export interface FilterContext {
  /** Milliseconds since 1970 UTC; what "2 days ago" counts from. */
  now: number
  /** IANA name of the zone of dates that name none, and of days. Default: this computer's. */
  timeZone?: string | undefined
}

/**
 * The versions that a filter (text as parseFilter reads it, or an expression) lets through, by name and then by date,
 * oldest first. No filter at all, undefined, lets all through. Errors as parseFilter.
 */
export function filterVersions(
  versions: readonly Version[],
  filter: string | FilterExpression | undefined,
  context: FilterContext,
): Version[] {
  const expression = typeof filter === 'string' ? parseFilter(filter) : filter
  const found = expression === undefined ? [...versions] : versions.filter(compileFilter(expression, context))
  return found.sort((a, b) => compare(a.name, b.name) || compare(a.date, b.date) || compare(a.id, b.id))
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** A test for versions. Dates are resolved once, here, so that all versions are held against the same moment. */
export function compileFilter(expression: FilterExpression, context: FilterContext): (version: Version) => boolean {
  switch (expression.kind) {
    case 'and': {
      const terms = expression.terms.map(term => compileFilter(term, context))
      return version => terms.every(term => term(version))
    }
    case 'or': {
      const terms = expression.terms.map(term => compileFilter(term, context))
      return version => terms.some(term => term(version))
    }
    case 'not': {
      const term = compileFilter(expression.term, context)
      return version => !term(version)
    }
    case 'constant':
      return () => expression.value
    case 'field': {
      const { get } = fieldOf(expression.field)
      return version => Boolean(get(version))
    }
    case 'compare':
      return compileComparison(fieldOf(expression.field), expression.operator, expression.value, context)
    case 'compareFields': {
      const left = fieldOf(expression.left)
      const right = fieldOf(expression.right)
      return version => holds(expression.operator, order(left.get(version), right.get(version)))
    }
    case 'label':
      return version => Object.hasOwn(version.labels, expression.key)
    case 'compareLabel': {
      const { key, operator, value } = expression
      return version => Object.hasOwn(version.labels, key) && (operator === '==') === (version.labels[key] === value)
    }
  }
}

function compileComparison(
  field: FilterField,
  operator: ComparisonOperator,
  value: string | number | boolean,
  context: FilterContext,
): (version: Version) => boolean {
  if (field.kind === 'date') {
    const date = parseFilterDate(String(value))
    // A date that is none matches nothing; the parser lets none through.
    if (!date) return () => false
    const span = resolveFilterDate(date, context.now, context.timeZone)
    return version => holds(operator, position(Date.parse(field.get(version)), span))
  }
  if (operator === 'like') {
    const pattern = [...String(value)]
    return version => matchesPattern([...String(field.get(version))], pattern)
  }
  return version => holds(operator, order(field.get(version), value))
}

/** Below 0 when `a` comes first, 0 when they are equal; text by code units. */
function order(a: string | number | boolean, b: string | number | boolean): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** An instant within the span counts as equal to it, so `<=` a day includes that day and `>` excludes it. */
const position = (at: number, { from, to }: TimeSpan): number => (at < from ? -1 : at >= to ? 1 : 0)

function holds(operator: ComparisonOperator, difference: number): boolean {
  switch (operator) {
    case '==':
      return difference === 0
    case '!=':
      return difference !== 0
    case '<':
      return difference < 0
    case '<=':
      return difference <= 0
    case '>':
      return difference > 0
    case '>=':
      return difference >= 0
    case 'like':
      return false
  }
}

/**
 * SQL's LIKE on characters: % is any run, _ any one. Goes back only to the last %, so the time is at most text × pattern
 * whatever the pattern is.
 */
function matchesPattern(text: readonly string[], pattern: readonly string[]): boolean {
  let at = 0
  let next = 0
  let lastPercent = -1
  let resumeAt = 0
  while (at < text.length) {
    if (pattern[next] === '%') {
      lastPercent = next
      resumeAt = at
      next += 1
    } else if (next < pattern.length && (pattern[next] === '_' || pattern[next] === text[at])) {
      at += 1
      next += 1
    } else if (lastPercent !== -1) {
      resumeAt += 1
      at = resumeAt
      next = lastPercent + 1
    } else {
      return false
    }
  }
  return pattern.slice(next).every(character => character === '%')
}
