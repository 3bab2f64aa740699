import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import {
  formatRetentionPolicy,
  parseRetentionPolicy,
  policyElements,
} from '../../../engine/maintenance/retentionPolicy.ts'

const errorOf = (text: string): HoldfastError => {
  try {
    parseRetentionPolicy(text)
  } catch (error) {
    if (error instanceof HoldfastError) return error
    throw error
  }
  throw new Error(`“${text}” was accepted`)
}

describe('parseRetentionPolicy', () => {
  it('reads elements in any order', () => {
    expect(parseRetentionPolicy('latest3,hours24,days30,months3')).toEqual({
      latest: 3,
      hours: 24,
      days: 30,
      months: 3,
    })
    expect(parseRetentionPolicy('years1,weeks4')).toEqual({ weeks: 4, years: 1 })
    expect(parseRetentionPolicy('days007')).toEqual({ days: 7 })
  })

  it.each([
    ['', 1, 'there is nothing'],
    ['latest3,', 9, 'there is nothing'],
    [',latest3', 1, 'there is nothing'],
    ['latest3,,days2', 9, 'there is nothing'],
    ['latest3, days2', 9, 'no space'],
    [' latest3', 1, 'no space'],
    ['latest3 ,days2', 8, 'a comma or the end after “latest3”'],
    ['latest 3', 7, 'a count after “latest”'],
    ['days', 5, 'a count after “days”'],
    ['latest3,fortnights2', 9, 'instead of “fortnights”'],
    ['Days3', 1, 'instead of “Days”'],
    ['constructor1', 1, 'instead of “constructor”'],
    ['3days', 1, 'before “3”'],
    ['3months3', 1, 'before “3”'],
    ['latest3,😀', 9, 'before “😀”'],
    ['days3x', 6, 'a comma or the end'],
    ['days3;weeks2', 6, 'a comma or the end'],
    ['days3.5', 6, 'a comma or the end'],
    ['days-3', 5, 'a count after “days”'],
    ['days0', 5, 'a count from 1'],
    ['days99999999999999999999', 5, 'a count from 1'],
    ['days3,weeks2,days4', 14, '“days” only once'],
    ['days3\n', 6, 'a comma or the end'],
  ])('refuses “%s” with a caret under column %d', (text, column, expected) => {
    const error = errorOf(text)
    expect(error.code).toBe('usage.policyInvalid')
    expect(error.details).toEqual({ text, column })
    expect(error.message).toContain(expected)
    expect(error.advice).toBeTruthy()
  })

  it('reads what formatRetentionPolicy writes', () => {
    const count = fc.integer({ min: 1, max: 100_000 })
    const policies = fc.dictionary(fc.constantFrom(...policyElements), count, { minKeys: 1, noNullPrototype: true })
    fc.assert(
      fc.property(policies, policy => {
        expect(parseRetentionPolicy(formatRetentionPolicy(policy))).toEqual(policy)
      }),
    )
  })
})

it('writes elements in the order in which they apply', () => {
  expect(formatRetentionPolicy({ years: 1, days: 7, latest: 3 })).toBe('latest3,days7,years1')
})
