import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import { type FilterExpression, printFilter } from '../../../engine/versions/filterExpression.ts'
import { type FieldName, fieldNames, fieldOf } from '../../../engine/versions/filterFields.ts'
import { parseFilter } from '../../../engine/versions/filterParser.ts'

const errorOf = (text: string): HoldfastError => {
  try {
    parseFilter(text)
  } catch (error) {
    if (error instanceof HoldfastError) return error
    throw error
  }
  throw new Error(`“${text}” was accepted`)
}

const nameIs = (value: string) => ({ kind: 'compare', field: 'name', operator: '==', value })
const field = (name: string) => ({ kind: 'field', field: name })

describe('precedence', () => {
  it('binds comparisons before not, not before and, and before or', () => {
    expect(parseFilter('not name == "a" and protected or base')).toEqual({
      kind: 'or',
      terms: [{ kind: 'and', terms: [{ kind: 'not', term: nameIs('a') }, field('protected')] }, field('base')],
    })
  })

  it('follows parentheses', () => {
    expect(parseFilter('not (name == "a" and (protected or base))')).toEqual({
      kind: 'not',
      term: { kind: 'and', terms: [nameIs('a'), { kind: 'or', terms: [field('protected'), field('base')] }] },
    })
  })

  it('takes keywords in capitals', () => {
    expect(parseFilter('NOT protected AND True')).toEqual(parseFilter('not protected and true'))
  })
})

describe('comparisons', () => {
  it.each([
    ['"a"==name', nameIs('a')],
    ["name == 'a'", nameIs('a')],
    ['(name) == "a"', nameIs('a')],
    ['10GiB < size', { kind: 'compare', field: 'size', operator: '>', value: 10 * 1024 ** 3 }],
    ['size >= "1.5 MiB"', { kind: 'compare', field: 'size', operator: '>=', value: 1.5 * 1024 ** 2 }],
    ['blockSize == 4k', { kind: 'compare', field: 'blockSize', operator: '==', value: 4096 }],
    ['stored > -5', { kind: 'compare', field: 'stored', operator: '>', value: -5 }],
    ['stored > -0', { kind: 'compare', field: 'stored', operator: '>', value: 0 }],
    ['duration > 5min', { kind: 'compare', field: 'duration', operator: '>', value: 300_000 }],
    ['duration > 5m', { kind: 'compare', field: 'duration', operator: '>', value: 300_000 }],
    ['duration <= 90', { kind: 'compare', field: 'duration', operator: '<=', value: 90_000 }],
    ['protected != True', { kind: 'compare', field: 'protected', operator: '!=', value: true }],
    ['date < "1 week ago"', { kind: 'compare', field: 'date', operator: '<', value: '1 week ago' }],
    ['source like "/dev/%"', { kind: 'compare', field: 'source', operator: 'like', value: '/dev/%' }],
    ['stored < read', { kind: 'compareFields', left: 'stored', operator: '<', right: 'read' }],
    ['labels["a/b"]', { kind: 'label', key: 'a/b' }],
    ["labels [ 'x' ] != 'y'", { kind: 'compareLabel', key: 'x', operator: '!=', value: 'y' }],
    ['"y" == labels["x"]', { kind: 'compareLabel', key: 'x', operator: '==', value: 'y' }],
    [String.raw`name == "a\"b\\c\d"`, nameIs(String.raw`a"b\c\d`)],
  ])('reads %s', (text, expression) => {
    expect(parseFilter(text)).toEqual(expression)
  })
})

describe('a single word', () => {
  it.each([
    ['web01', 'web01'],
    ['  my-vm/disk:1@x  ', 'my-vm/disk:1@x'],
    ['2024', '2024'],
    ['Name', 'Name'],
    ['"status"', 'status'],
    ["'web01'", 'web01'],
  ])('%s is a name', (text, name) => {
    expect(parseFilter(text)).toEqual(nameIs(name))
  })

  it('that is a field or a keyword keeps its meaning', () => {
    expect(parseFilter('protected')).toEqual(field('protected'))
    expect(parseFilter('true')).toEqual({ kind: 'constant', value: true })
    expect(errorOf('and').message).toContain('instead of “and”')
    expect(errorOf('labels').message).toContain('labels["key"]')
  })

  it('in quotes that cannot be a name is refused', () => {
    const error = errorOf('"web 01"')
    expect(error.code).toBe('usage.filterInvalid')
    expect(error.advice).toContain('contains “ ”')
  })
})

describe('errors', () => {
  it.each([
    ['', 1, 'there is nothing'],
    ['   ', 4, 'there is nothing'],
    ['colour == "red"', 1, 'no field “colour”'],
    ['constructor == "red"', 1, 'no field “constructor”'],
    ['name == web01', 9, 'no field “web01”'],
    ['name == my-vm', 9, 'no field “my-vm”'],
    ['name == "web01', 9, 'has no end'],
    ['name = "web01"', 6, 'expected “==” instead of “=”'],
    ['protected && base', 11, 'expected “and” instead of “&”'],
    ['!protected', 1, 'expected “not” instead of “!”'],
    ['source == /dev/sda', 11, '“/” means nothing here'],
    ['name ==', 8, 'instead of the end'],
    ['== "a"', 1, 'instead of “==”'],
    ['(protected', 11, 'expected “and”, “or” or “)”'],
    ['protected)', 10, 'expected “and”, “or” or the end'],
    ['protected base', 11, 'expected “and”, “or” or the end'],
    ['name == "a" == "b"', 13, 'two sides'],
    ['"a" == "b"', 1, 'two values'],
    ['size > 1 and 5', 14, 'value alone'],
    ['(protected and base) == true', 1, 'in parentheses cannot be compared'],
    ['"a%" like name', 1, 'expected a field before “like”'],
    ['name like source', 11, 'expected a pattern'],
    ['size like "1%"', 6, 'cannot be compared with “like”'],
    ['status < "complete"', 8, 'cannot be compared with “<”'],
    ['protected > false', 11, 'cannot be compared with “>”'],
    ['status == "valid"', 11, 'never that'],
    ['protected == "yes"', 14, 'expected true or false'],
    ['name == 5', 9, 'expected text in quotes'],
    ['name == true', 9, 'expected text in quotes'],
    ['size == true', 9, 'expected a size'],
    ['size > 10lbs', 8, 'expected a size such as 10GiB for size'],
    ['size > 1.5', 8, 'whole number of bytes'],
    ['duration > 10GiB', 12, 'expected a duration'],
    ['date < 2026-01-31', 8, 'a date must be in quotes'],
    ['date < 20260131', 8, 'expected a date in quotes'],
    ['date < "31.1.2026"', 8, 'not a date'],
    ['date < "2026-02-30"', 8, 'not a date'],
    ['size == name', 6, 'cannot be compared with each other'],
    ['protected == protected', 11, 'cannot be compared with each other'],
    ['labels["x"] < "5"', 13, '== and != only'],
    ['labels["x"] like "5%"', 13, '== and != only'],
    ['labels["x"] == 5', 16, 'the value of a label is text'],
    ['labels["x"] == name', 16, 'only be compared with text'],
    ['labels["x"] == labels["y"]', 16, 'only be compared with text'],
    ['labels[x] == "y"', 8, 'key of a label in quotes'],
    ['labels["x" == "y"', 12, 'expected “]”'],
    [`${'('.repeat(200)}protected${')'.repeat(200)}`, 101, 'nested too deeply'],
    [`${'not '.repeat(100_000)}protected`, 401, 'nested too deeply'],
  ])('%s', (text, column, message) => {
    const error = errorOf(text)
    expect(error.code).toBe('usage.filterInvalid')
    expect(error.details).toMatchObject({ text, column })
    expect(error.message).toContain(message)
    expect(error.advice).toBeTruthy()
  })

  it('list the fields when one is unknown', () => {
    const error = errorOf('colour == "red"')
    expect(error.details.fields).toEqual([...fieldNames, 'labels'])
    for (const name of fieldNames) expect(error.advice).toContain(name)
  })

  it('list the values that a field can have', () => {
    expect(errorOf('status == "valid"').advice).toContain('"complete", "incomplete", "damaged"')
  })
})

describe('printFilter', () => {
  const text = fc.string({ unit: 'grapheme' })
  const someDate = fc.constantFrom('2026-01-31', '2026-01-31T10:00:00Z', '1 week ago', 'yesterday')
  const fieldsOf = (...kinds: string[]) =>
    fc.constantFrom(...fieldNames.filter(name => kinds.includes(fieldOf(name).kind)))
  const equality = fc.constantFrom('==', '!=' as const)
  const ordering = fc.constantFrom('==', '!=', '<', '<=', '>', '>=' as const)
  const compare = (field: fc.Arbitrary<FieldName>, operator: fc.Arbitrary<string>, value: fc.Arbitrary<unknown>) =>
    fc.record({ kind: fc.constant('compare'), field, operator, value })

  const leaf = fc.oneof(
    fc.record({ kind: fc.constant('constant'), value: fc.boolean() }),
    fc.record({ kind: fc.constant('field'), field: fc.constantFrom(...fieldNames) }),
    fc.record({ kind: fc.constant('label'), key: text }),
    fc.record({ kind: fc.constant('compareLabel'), key: text, operator: equality, value: text }),
    compare(fieldsOf('text'), fc.oneof(ordering, fc.constant('like')), text),
    compare(fieldsOf('flag'), equality, fc.boolean()),
    compare(fieldsOf('date'), ordering, someDate),
    compare(
      fieldsOf('bytes', 'duration'),
      ordering,
      fc.maxSafeInteger().map(number => number || 0),
    ),
    compare(fc.constant('status'), equality, fc.constantFrom('complete', 'damaged')),
    ...(['text', 'bytes'] as const).map(kind =>
      fc.record({
        kind: fc.constant('compareFields'),
        left: fieldsOf(kind),
        operator: ordering,
        right: fieldsOf(kind),
      }),
    ),
  ) as fc.Arbitrary<FilterExpression>

  const { expression } = fc.letrec<{ expression: FilterExpression }>(tie => ({
    expression: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      fc.record({ kind: fc.constant('not' as const), term: tie('expression') }),
      fc.record({
        kind: fc.constantFrom('and' as const, 'or' as const),
        terms: fc.array(tie('expression'), { minLength: 2, maxLength: 4 }),
      }),
    ),
  }))

  it('writes what parses to the same expression', () => {
    fc.assert(
      fc.property(expression, value => {
        expect(parseFilter(printFilter(value))).toEqual(value)
      }),
      { numRuns: 500 },
    )
  })

  it('writes parentheses only where they are needed', () => {
    const filter = '(a or b) and not (a and b) and not not a or (a or b) or a and b'.replace(/\b[ab]\b/g, 'protected')
    expect(printFilter(parseFilter(filter))).toBe(filter)
  })

  it('writes durations with their unit', () => {
    expect(printFilter(parseFilter('duration > 5min'))).toBe('duration > 300000ms')
  })
})

it('fails on no text with anything but usage.filterInvalid', () => {
  const pieces = fc.constantFrom(
    'name',
    'size',
    'labels',
    '["x"]',
    '(',
    ')',
    '==',
    '<',
    'like',
    'and',
    'or',
    'not',
    '5k',
    '"a"',
    'true',
    'date',
    '"today"',
  )
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(pieces, { maxLength: 12 }).map(list => list.join(' ')),
  )
  fc.assert(
    fc.property(texts, text => {
      try {
        expect(parseFilter(printFilter(parseFilter(text)))).toEqual(parseFilter(text))
      } catch (error) {
        expect(error).toMatchObject({ code: 'usage.filterInvalid' })
      }
    }),
    { numRuns: 1000 },
  )
})
