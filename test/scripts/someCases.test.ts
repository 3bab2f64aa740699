import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../engine/demo/seededRandom.ts'
import { someCases } from '../support/someCases.ts'

const numbers = Array.from({ length: 100 }, (_, i) => i)
const lastDigit = (number: number) => String(number % 10)

describe('cases that stand for a matrix', () => {
  it('have as many of every class as was asked for, in their order', () => {
    const chosen = someCases(numbers, lastDigit, 2, seededRandom('a'), false)
    expect(chosen).toHaveLength(20)
    for (const alike of Map.groupBy(chosen, lastDigit).values()) expect(alike).toHaveLength(2)
    expect(chosen).toEqual(chosen.toSorted((a, b) => a - b))
  })

  it('have all of a class that is smaller', () => {
    expect(someCases([1, 11, 2], lastDigit, 5, seededRandom('a'), false)).toEqual([1, 11, 2])
  })

  it('are the same for the same seed, and all of them in the end', () => {
    const chosen = (seed: string) => someCases(numbers, lastDigit, 1, seededRandom(seed), false)
    expect(chosen('a')).toEqual(chosen('a'))
    const ever = new Set(Array.from({ length: 200 }, (_, seed) => chosen(String(seed))).flat())
    expect(ever.size).toBe(numbers.length)
  })

  it('are all when every case is asked for', () => {
    expect(someCases(numbers, lastDigit, 1, seededRandom('a'), true)).toEqual(numbers)
  })
})
